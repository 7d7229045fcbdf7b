#version 330
// The panorama around a scene.
uniform sampler2D base_map;
uniform float sky_strength;
uniform float exposure;
uniform vec4 output_mode;    // x: 1 writes linear light (environment capture), 0 tone-mapped
in vec2 v_uv;
out vec4 color;

#include "tone.glsl"

void main() {
    vec3 light = texture(base_map, v_uv).rgb * sky_strength * exposure;
    color = vec4(output_mode.x > 0.5 ? light : to_srgb(tone_map(light)), 1.0);
}
