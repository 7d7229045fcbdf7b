#version 330
uniform mat4 p3d_ModelViewProjectionMatrix;
in vec4 p3d_Vertex;
#ifdef INSTANCED
uniform samplerBuffer instances;
uniform vec4 repeat_info;
#endif
#ifdef MASK
in vec2 p3d_MultiTexCoord0;
out vec2 v_uv;
#endif
void main() {
    vec4 place = p3d_Vertex;
#ifdef INSTANCED
    int at = (int(repeat_info.x + 0.5) + gl_InstanceID) * 9;
    place = vec4(dot(texelFetch(instances, at), place), dot(texelFetch(instances, at + 1), place),
                 dot(texelFetch(instances, at + 2), place), 1.0);
#endif
    gl_Position = p3d_ModelViewProjectionMatrix * place;
#ifdef MASK
    v_uv = p3d_MultiTexCoord0;
#endif
}
