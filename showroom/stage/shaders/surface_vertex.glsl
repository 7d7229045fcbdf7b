#version 330
// One vertex shader for everything that is lit: room, products, avatar; INSTANCED draws equal
// products together.

uniform mat4 p3d_ModelViewProjectionMatrix;
uniform mat4 p3d_ModelMatrix;

in vec4 p3d_Vertex;
in vec3 p3d_Normal;
in vec2 p3d_MultiTexCoord0;
#ifdef ROOM
in vec2 lightmap_uv;
in vec3 baked;
out vec2 v_lightmap_uv;
out vec3 v_baked;
#endif

#ifdef INSTANCED
uniform samplerBuffer instances;   // each: three rows of its matrix, six colours of its light
uniform vec4 repeat_info;          // x: the first instance
flat out int v_instance;
#endif
#ifdef TINTED
in vec4 p3d_Color;
out vec3 v_tint;
#endif

out vec3 v_position;
out vec3 v_normal;
out vec2 v_uv;

void main() {
    vec4 place = p3d_Vertex;
    vec3 normal = p3d_Normal;
#ifdef INSTANCED
    v_instance = (int(repeat_info.x + 0.5) + gl_InstanceID) * 9;
    vec4 x = texelFetch(instances, v_instance);
    vec4 y = texelFetch(instances, v_instance + 1);
    vec4 z = texelFetch(instances, v_instance + 2);
    place = vec4(dot(x, place), dot(y, place), dot(z, place), 1.0);
    normal = vec3(dot(x.xyz, normal), dot(y.xyz, normal), dot(z.xyz, normal));
#endif
    gl_Position = p3d_ModelViewProjectionMatrix * place;
    v_position = (p3d_ModelMatrix * place).xyz;
    v_normal = mat3(p3d_ModelMatrix) * normal;
    v_uv = p3d_MultiTexCoord0;
#ifdef ROOM
    v_lightmap_uv = lightmap_uv;
    v_baked = baked;
#endif
#ifdef TINTED
    v_tint = p3d_Color.rgb;
#endif
}
