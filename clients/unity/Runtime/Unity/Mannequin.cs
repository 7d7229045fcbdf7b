using System.Collections.Generic;
using UnityEngine;

namespace Showroom.Unity
{
    /// <summary>The visitor's avatar, posed by the server's bone rotations (VRM 1.0 names).</summary>
    public sealed class Mannequin
    {
        readonly Dictionary<string, Transform> bones = new Dictionary<string, Transform>();
        readonly History<AvatarPose> poses;
        readonly Transform room;

        /// <param name="root">The avatar's loaded GLB, turned by <see cref="Convert.ModelTurn"/>.</param>
        /// <param name="clock">Of this person, for what they wear too.</param>
        public Mannequin(GameObject root, Transform room, SenderClock clock)
        {
            this.room = room;
            poses = new History<AvatarPose>(clock, 32);
            foreach (var part in root.GetComponentsInChildren<Transform>()) bones[part.name] = part;
            foreach (var skin in root.GetComponentsInChildren<SkinnedMeshRenderer>())
            {
                // The GLB has up to eight influences; set Quality > Skin Weights to Unlimited.
                skin.quality = SkinQuality.Auto;
                skin.updateWhenOffscreen = true;
            }
        }

        public void Take(AvatarPose pose, double now) => poses.Add(pose.Time, pose, now);

        /// <summary>No more poses come.</summary>
        public void Clear() => poses.Clear();

        public void Update(double now)
        {
            AvatarPose from, to;
            float share;
            if (!poses.At(now, out from, out to, out share)) return;
            Transform hips;
            if (bones.TryGetValue("hips", out hips))
            {
                var place = Vector3.Lerp(Convert.Position(from.Root), Convert.Position(to.Root), share);
                hips.position = room.TransformPoint(place);
            }
            foreach (var pair in to.Rotations)
            {
                Transform bone;
                if (!bones.TryGetValue(pair.Key, out bone)) continue;
                double[] before;
                if (!from.Rotations.TryGetValue(pair.Key, out before)) before = pair.Value;
                bone.localRotation = Quaternion.Slerp(Convert.Bone(before), Convert.Bone(pair.Value), share);
            }
        }

        /// <summary>Hide the head from the one who looks out of it.</summary>
        public void SetHeadless(bool headless)
        {
            Transform head;
            if (bones.TryGetValue("head", out head)) head.localScale = headless ? Vector3.one * 1e-4f : Vector3.one;
        }
    }
}
