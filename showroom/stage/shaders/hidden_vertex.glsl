#version 330
// What a lens does not let through: drawn at the near plane, so that nothing behind it is shaded.
in vec4 p3d_Vertex;
void main() { gl_Position = vec4(p3d_Vertex.xy, -0.9999, 1.0); }
