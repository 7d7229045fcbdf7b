#version 330
// Metallic-roughness surfaces. Rooms (ROOM) take their diffuse light from a baked lightmap or from
// baked vertices; products and avatars from an ambient cube of six colours plus one key light.
// NORMAL_MAP, SURFACE_MAP, EMISSION and TINTED bring in what a material has; MASK cuts holes by its
// alpha; VIEW shows one of a material's values for artists.

uniform mat4 p3d_ViewMatrixInverse;
uniform sampler2D base_map;
uniform vec4 base_color;
uniform vec4 surface;        // roughness, metallic, emission of rooms, alpha below which is a hole
uniform vec4 clip_plane;     // of mirror images: keep dot(plane, position) > 0
uniform float exposure;
uniform vec4 output_mode;    // x: 1 writes linear light (environment capture), 0 tone-mapped

uniform samplerCube environment;
uniform vec4 environment_info;   // x: strength, y: highest mip level
uniform vec4 environment_turn;   // cosine and sine of its turn about Y
uniform vec3 room_low;
uniform vec3 room_high;

uniform vec3 key_direction;      // towards the light
uniform vec3 key_color;
uniform sampler2DShadow key_map;
uniform mat4 key_matrix;
uniform vec4 key_info;           // x: taps, 0 without a map; y: texel, z: darkness on rooms, w: bias

#ifdef ROOM
uniform sampler2D lightmap;
in vec2 v_lightmap_uv;
in vec3 v_baked;
#else
#ifdef INSTANCED
uniform samplerBuffer instances;
flat in int v_instance;
#else
uniform vec3 probe[6];           // +x -x +y -y +z -z
#endif
uniform vec4 highlight;
#endif
#ifdef NORMAL_MAP
uniform sampler2D normal_map;
#endif
#ifdef SURFACE_MAP
uniform sampler2D surface_map;   // ambient occlusion, roughness, metallic
#endif
#ifdef EMISSION
uniform sampler2D emission_map;
uniform vec3 emissive;
#endif
#ifdef TINTED
in vec3 v_tint;
#endif
#ifdef VIEW
uniform vec4 view_info;          // x: which value
#endif
#ifdef MIRROR
uniform sampler2D mirror_map;
uniform vec4 mirror_info;        // 1 / viewport size, 1 if live
#endif

in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
out vec4 color;

#include "tone.glsl"

// Soft shadows by percentage-closer filtering over a disc.
float key_shadow(vec3 position, vec3 normal) {
    if (key_info.x < 0.5) return 1.0;
    vec4 p = key_matrix * vec4(position + normal * key_info.w, 1.0);
    vec3 s = p.xyz / p.w * 0.5 + 0.5;
    if (any(lessThan(s.xy, vec2(0.0))) || any(greaterThan(s.xy, vec2(1.0))) || s.z > 1.0) return 1.0;
    const vec2 disc[16] = vec2[](vec2(-0.33, -0.94), vec2(0.53, -0.77), vec2(-0.92, -0.2),
        vec2(0.18, -0.23), vec2(0.96, 0.05), vec2(-0.42, 0.36), vec2(0.46, 0.6), vec2(-0.35, 0.93),
        vec2(0.08, -0.6), vec2(-0.55, -0.52), vec2(0.6, -0.3), vec2(-0.3, -0.12), vec2(0.3, 0.15),
        vec2(-0.78, 0.22), vec2(0.75, 0.4), vec2(0.05, 0.55));
    int taps = int(key_info.x);
    float lit = 0.0;
    for (int i = 0; i < taps; i++)
        lit += texture(key_map, vec3(s.xy + disc[i] * key_info.y, s.z - 0.0012));
    return lit / key_info.x;
}

// Split-sum environment BRDF, analytic fit by Karis (Physically Based Shading on Mobile, 2014).
vec3 environment_brdf(vec3 f0, float roughness, float nv) {
    const vec4 c0 = vec4(-1.0, -0.0275, -0.572, 0.022);
    const vec4 c1 = vec4(1.0, 0.0425, 1.04, -0.04);
    vec4 r = roughness * c0 + c1;
    float a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
    vec2 ab = vec2(-1.04, 1.04) * a + r.zw;
    return f0 * ab.x + ab.y;
}

// The reflected ray, bent to where it meets the room's box, so that reflections stay in place.
vec3 boxed(vec3 position, vec3 direction) {
    vec3 inverse = 1.0 / (direction + vec3(1e-5));
    vec3 far = max((room_low - position) * inverse, (room_high - position) * inverse);
    float t = min(far.x, min(far.y, far.z));
    return position + direction * t - 0.5 * (room_low + room_high);
}

#ifndef ROOM
vec3 ambient_side(int side) {
#ifdef INSTANCED
    return texelFetch(instances, v_instance + 3 + side).rgb;
#else
    return probe[side];
#endif
}

vec3 ambient(vec3 n) {
    vec3 w = n * n;
    return w.x * ambient_side(n.x > 0.0 ? 0 : 1) + w.y * ambient_side(n.y > 0.0 ? 2 : 3)
         + w.z * ambient_side(n.z > 0.0 ? 4 : 5);
}
#endif

#ifdef NORMAL_MAP
// Tangent frame from screen derivatives (Schueler, "Normal mapping without precomputed tangents").
vec3 mapped_normal(vec3 n) {
    vec3 dp1 = dFdx(v_position), dp2 = dFdy(v_position);
    vec2 du1 = dFdx(v_uv), du2 = dFdy(v_uv);
    vec3 p2 = cross(dp2, n), p1 = cross(n, dp1);
    vec3 t = p2 * du1.x + p1 * du2.x, b = p2 * du1.y + p1 * du2.y;
    float scale = inversesqrt(max(max(dot(t, t), dot(b, b)), 1e-12));
    vec3 m = texture(normal_map, v_uv).xyz * 2.0 - 1.0;
    return normalize(mat3(t * scale, b * scale, n) * m);
}
#endif

void main() {
    if (dot(clip_plane, vec4(v_position, 1.0)) < 0.0) discard;
    vec4 base = texture(base_map, v_uv) * base_color;
#ifdef TINTED
    base.rgb *= v_tint;
#endif
#ifdef MASK
    // One pixel wide at any distance: with multisampling, alpha becomes how much of it is covered.
    base.a = clamp((base.a - surface.w) / max(fwidth(base.a), 1e-4) + 0.5, 0.0, 1.0);
    if (base.a < 0.5) discard;
#elif defined(BLEND)
    if (base.a < 0.02) discard;
#elif !defined(ROOM)
    base.a = 1.0;
#endif
    vec3 eye = p3d_ViewMatrixInverse[3].xyz;
    vec3 view = normalize(eye - v_position);
    vec3 n = normalize(v_normal);
    if (!gl_FrontFacing) n = -n;
    vec3 orm = vec3(1.0);
#ifdef SURFACE_MAP
    orm = texture(surface_map, v_uv).rgb;
#endif
    float roughness = clamp(surface.x * orm.g, 0.06, 1.0);
    float metallic = surface.y * orm.b;
#ifdef NORMAL_MAP
    vec3 smooth_normal = n;
    n = mapped_normal(n);
#endif
#ifdef VIEW
    vec3 shown = n * 0.5 + 0.5;
    if (view_info.x > 1.5) shown = base.rgb;
    if (view_info.x > 2.5) shown = vec3(roughness);
    if (view_info.x > 3.5) shown = vec3(metallic);
    if (view_info.x > 4.5) shown = vec3(orm.r);
    if (view_info.x > 5.5) shown = vec3(base.a);
    if (view_info.x > 6.5) {
        vec2 cell = floor(v_uv * 16.0);
        shown = mix(vec3(0.32), vec3(0.82), mod(cell.x + cell.y, 2.0));
        shown *= vec3(fract(v_uv.x), fract(v_uv.y), 0.6) * 0.6 + 0.4;
    }
    color = vec4(view_info.x > 1.5 && view_info.x < 2.5 ? to_srgb(shown) : shown, 1.0);
    return;
#endif
    float facing = dot(n, key_direction);
#ifdef NORMAL_MAP
    float shadow = key_shadow(v_position, smooth_normal);
#else
    float shadow = key_shadow(v_position, n);
#endif
#ifdef ROOM
    vec3 light = texture(lightmap, v_lightmap_uv).rgb * v_baked;
    light *= 1.0 - key_info.z * (1.0 - shadow) * clamp(facing * 1.6, 0.0, 1.0);
    float specular_light = 0.0;
#else
    // Wrapped a little, as cloth and skin scatter.
    vec3 light = ambient(n) * orm.r + key_color * shadow * max((facing + 0.12) / 1.12, 0.0);
    float specular_light = shadow * max(facing, 0.0);
#endif
    vec3 f0 = mix(vec3(0.04), base.rgb, metallic);
    float nv = max(dot(n, view), 1e-3);
    vec3 brdf = environment_brdf(f0, roughness, nv);
    vec3 result = base.rgb * (1.0 - metallic) * light;
#ifdef ROOM
    result += base.rgb * surface.z;
#endif
#ifdef EMISSION
    result += texture(emission_map, v_uv).rgb * emissive;
#endif
#ifdef MIRROR
    if (mirror_info.z > 0.5) {
        vec2 at = gl_FragCoord.xy * mirror_info.xy;
        vec3 image = texture(mirror_map, vec2(1.0 - at.x, at.y)).rgb;
        color = vec4(image * vec3(0.93, 0.95, 0.95), 1.0);
        return;
    }
#endif
    if (environment_info.x > 0.0) {
        vec3 r = boxed(v_position, reflect(-view, n));
        float c = environment_turn.x, s = environment_turn.y;
        r = vec3(c * r.x + s * r.z, r.y, c * r.z - s * r.x);
        vec3 around = textureLod(environment, r, environment_info.y * sqrt(roughness)).rgb;
#ifdef ROOM
        // Corners that little light reaches reflect little too.
        around *= clamp(dot(light, vec3(1.2)), 0.0, 1.0);
#endif
        result += around * brdf * environment_info.x * orm.r;
    }
    if (specular_light > 0.0) {
        vec3 h = normalize(view + key_direction);
        float nh = max(dot(n, h), 0.0), a2 = pow(roughness, 4.0);
        float d = nh * nh * (a2 - 1.0) + 1.0;
        float visibility = 0.25 / max(mix(1.0, 4.0 * nv, 0.7), 0.1);
        vec3 fresnel = f0 + (1.0 - f0) * pow(1.0 - max(dot(h, view), 0.0), 5.0);
        result += key_color * specular_light * fresnel * a2 / (3.14159 * d * d) * visibility;
    }
#ifndef ROOM
    result = mix(result, highlight.rgb, highlight.a * pow(1.0 - nv, 2.0));
#endif
    result *= exposure;
    color = output_mode.x > 0.5 ? vec4(result, 1.0) : vec4(to_srgb(tone_map(result)), base.a);
}
