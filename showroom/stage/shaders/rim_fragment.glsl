#version 330
uniform vec4 rim_color;
out vec4 color;
void main() { color = rim_color; }
