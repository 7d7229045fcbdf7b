#version 330
// A product's own mesh, a little larger, of which only the far sides are drawn: its outline.
uniform mat4 p3d_ModelViewMatrix;
uniform mat4 p3d_ProjectionMatrix;
uniform mat3 p3d_NormalMatrix;
uniform float rim_width;      // metres at one metre's distance
in vec4 p3d_Vertex;
in vec3 p3d_Normal;
void main() {
    vec4 place = p3d_ModelViewMatrix * p3d_Vertex;
    vec3 normal = normalize(p3d_NormalMatrix * p3d_Normal);
    place.xyz += normal * rim_width * max(-place.z, 0.3);
    gl_Position = p3d_ProjectionMatrix * place;
}
