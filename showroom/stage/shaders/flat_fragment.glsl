#version 330
// Unlit picture with alpha: captions.
uniform sampler2D base_map;
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
out vec4 color;
void main() { color = texture(base_map, v_uv); }
