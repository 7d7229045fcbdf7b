#version 330
// The sky's dome: infinitely far away, whatever the camera's near and far planes are.
uniform mat4 p3d_ModelViewMatrix;
uniform mat4 p3d_ProjectionMatrix;
in vec4 p3d_Vertex;
in vec2 p3d_MultiTexCoord0;
out vec2 v_uv;
void main() {
    vec3 way = mat3(p3d_ModelViewMatrix) * p3d_Vertex.xyz;
    gl_Position = p3d_ProjectionMatrix * vec4(way * 50.0, 1.0);
    gl_Position.z = gl_Position.w * 0.9999;
    v_uv = p3d_MultiTexCoord0;
}
