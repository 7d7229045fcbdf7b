#version 330
// Into shadow maps: what cuts holes lets light through them.
#ifdef MASK
uniform sampler2D base_map;
uniform vec4 base_color;
uniform vec4 surface;
in vec2 v_uv;
#endif
out vec4 color;
void main() {
#ifdef MASK
    if (texture(base_map, v_uv).a * base_color.a < surface.w) discard;
#endif
    color = vec4(1.0);
}
