#version 330
// One vertex shader for everything that is lit: room, products, avatar.

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

out vec3 v_position;
out vec3 v_normal;
out vec2 v_uv;

void main() {
    gl_Position = p3d_ModelViewProjectionMatrix * p3d_Vertex;
    v_position = (p3d_ModelMatrix * p3d_Vertex).xyz;
    v_normal = mat3(p3d_ModelMatrix) * p3d_Normal;
    v_uv = p3d_MultiTexCoord0;
#ifdef ROOM
    v_lightmap_uv = lightmap_uv;
    v_baked = baked;
#endif
}
