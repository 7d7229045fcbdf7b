#version 330
// A soft dark spot on the floor under a product: contact shadow.
uniform sampler2D base_map;
uniform vec4 clip_plane;
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
out vec4 color;
void main() {
    if (dot(clip_plane, vec4(v_position, 1.0)) < 0.0) discard;
    color = vec4(0.02, 0.015, 0.01, texture(base_map, v_uv).r);
}
