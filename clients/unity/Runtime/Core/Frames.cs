namespace Showroom
{
    /// <summary>
    /// The protocol's frame (right-handed, Y up, -Z forward, metres) in Unity's (left-handed, Y up,
    /// Z forward). Tested by showroom/protocol/golden_frames.json.
    /// </summary>
    /// <remarks>
    /// Tracked poses mirror Z. Loaders of glTF mirror X instead, which is the same half a turn about
    /// Y further: turn a model that glTFast loaded by <see cref="ModelTurn"/> to have it where the
    /// poses are.
    /// </remarks>
    public static class Frames
    {
        /// <summary>Half a turn about Y, x, y, z, w: from a glTF loader's frame to the poses'.</summary>
        public static readonly double[] ModelTurn = { 0, 1, 0, 0 };

        /// <summary>A position, tracked or placed: (x, y, -z).</summary>
        public static double[] Position(double[] p) => new[] { p[0], p[1], -p[2] };

        /// <summary>A rotation x, y, z, w: a mirrored frame turns the other way.</summary>
        public static double[] Rotation(double[] q) => new[] { -q[0], -q[1], q[2], q[3] };

        /// <summary>A point of a model as glTFast loads it: (-x, y, z).</summary>
        public static double[] ModelPosition(double[] p) => new[] { -p[0], p[1], p[2] };

        /// <summary>A rotation inside a model as glTFast loads it, such as a bone's.</summary>
        public static double[] ModelRotation(double[] q) => new[] { q[0], -q[1], -q[2], q[3] };

        /// <summary>Unity's position and rotation as the protocol's seven numbers.</summary>
        public static double[] Transform(double x, double y, double z, double qx, double qy, double qz, double qw) =>
            new[] { x, y, -z, -qx, -qy, qz, qw };

        /// <summary>Vertices as glTFast would have loaded them, in place.</summary>
        public static void MirrorX(float[] xyz)
        {
            for (int i = 0; i < xyz.Length; i += 3) xyz[i] = -xyz[i];
        }
    }
}
