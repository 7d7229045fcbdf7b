using UnityEngine;

namespace Showroom.Unity
{
    /// <summary>Unity's types to and from the protocol's numbers; the arithmetic is in the core.</summary>
    public static class Convert
    {
        public static Vector3 Position(double[] p)
        {
            var q = Frames.Position(p);
            return new Vector3((float)q[0], (float)q[1], (float)q[2]);
        }

        /// <param name="seven">Position and rotation; the rotation is its last four.</param>
        public static Quaternion Rotation(double[] seven)
        {
            var q = Frames.Rotation(new[] { seven[3], seven[4], seven[5], seven[6] });
            return new Quaternion((float)q[0], (float)q[1], (float)q[2], (float)q[3]);
        }

        /// <summary>A bone's local rotation inside a model that glTFast loaded.</summary>
        public static Quaternion Bone(double[] q)
        {
            var r = Frames.ModelRotation(q);
            return new Quaternion((float)r[0], (float)r[1], (float)r[2], (float)r[3]);
        }

        /// <summary>A transform in the space of <paramref name="room"/>, as the protocol says it.</summary>
        public static double[] Seven(Transform room, Transform tracked)
        {
            var p = room.InverseTransformPoint(tracked.position);
            var q = Quaternion.Inverse(room.rotation) * tracked.rotation;
            return Frames.Transform(p.x, p.y, p.z, q.x, q.y, q.z, q.w);
        }

        /// <summary>Turns what glTFast loads to where tracked poses are.</summary>
        public static readonly Quaternion ModelTurn = new Quaternion(0, 1, 0, 0);
    }
}
