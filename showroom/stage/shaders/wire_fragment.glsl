#version 330
// The edges of triangles, for artists.
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
out vec4 color;
void main() { color = vec4(0.04, 0.10, 0.22, 0.85); }
