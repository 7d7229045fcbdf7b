#version 330
// A ball around the visitor's head that darkens the edge of the view.
uniform mat4 p3d_ModelViewProjectionMatrix;
in vec4 p3d_Vertex;
out vec3 v_way;
void main() {
    gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex;
    v_way = p3d_Vertex.xyz;
}
