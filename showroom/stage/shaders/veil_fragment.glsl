#version 330
uniform vec4 veil;            // x: vignette, y: darkness everywhere, z: cosine where the edge begins
in vec3 v_way;
out vec4 color;
void main() {
    float ahead = -normalize(v_way).z;
    float edge = 1.0 - smoothstep(veil.z - 0.14, veil.z, ahead);
    color = vec4(0.0, 0.0, 0.0, max(veil.y, veil.x * edge));
}
