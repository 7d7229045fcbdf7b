#version 330
// Smooths edges of a finished picture: finds where luma steps, and samples along the edge.
// After T. Lottes, "FXAA" (2011), its console variant: two samples near, two further away.
uniform sampler2D picture;
uniform vec4 pixel;   // 1 / width, 1 / height
in vec2 v_uv;
out vec4 color;

float luma(vec3 c) { return dot(c, vec3(0.299, 0.587, 0.114)); }

void main() {
    vec3 middle = textureLod(picture, v_uv, 0.0).rgb;
    float m = luma(middle);
    float nw = luma(textureLod(picture, v_uv + vec2(-0.5, 0.5) * pixel.xy, 0.0).rgb);
    float ne = luma(textureLod(picture, v_uv + vec2(0.5, 0.5) * pixel.xy, 0.0).rgb);
    float sw = luma(textureLod(picture, v_uv + vec2(-0.5, -0.5) * pixel.xy, 0.0).rgb);
    float se = luma(textureLod(picture, v_uv + vec2(0.5, -0.5) * pixel.xy, 0.0).rgb);
    float low = min(m, min(min(nw, ne), min(sw, se)));
    float high = max(m, max(max(nw, ne), max(sw, se)));
    if (high - low < max(0.04, high * 0.1)) {
        color = vec4(middle, 1.0);
        return;
    }
    vec2 way = vec2((sw + se) - (nw + ne), (nw + sw) - (ne + se));
    float soft = max((nw + ne + sw + se) * 0.03125, 0.0078);
    way = clamp(way / (min(abs(way.x), abs(way.y)) + soft), -6.0, 6.0) * pixel.xy;
    vec3 near = 0.5 * (textureLod(picture, v_uv - way / 6.0, 0.0).rgb
                     + textureLod(picture, v_uv + way / 6.0, 0.0).rgb);
    vec3 wide = 0.5 * near + 0.25 * (textureLod(picture, v_uv - way * 0.5, 0.0).rgb
                                   + textureLod(picture, v_uv + way * 0.5, 0.0).rgb);
    float w = luma(wide);
    color = vec4(w < low || w > high ? near : wide, 1.0);
}
