using System.Collections.Generic;
using UnityEngine;

namespace Showroom.Unity
{
    /// <summary>A worn garment, whose vertices come from the server frame by frame.</summary>
    public sealed class Garment
    {
        readonly GameObject root;
        readonly List<Mesh> meshes = new List<Mesh>();
        readonly History<Vertices> frames;
        Vector3[] shown = new Vector3[0];

        /// <param name="root">A loaded GLB, turned by <see cref="Convert.ModelTurn"/>.</param>
        /// <param name="clock">Of whoever wears it.</param>
        public Garment(GameObject root, SenderClock clock)
        {
            this.root = root;
            frames = new History<Vertices>(clock);
            foreach (var filter in root.GetComponentsInChildren<Renderer>())
            {
                Mesh mesh = null;
                var skinned = filter as SkinnedMeshRenderer;
                if (skinned != null)
                {
                    // In the play space already: no bone may move it.
                    mesh = Object.Instantiate(skinned.sharedMesh);
                    var materials = skinned.sharedMaterials;
                    var holder = skinned.gameObject;
                    Object.DestroyImmediate(skinned);
                    holder.AddComponent<MeshFilter>().sharedMesh = mesh;
                    holder.AddComponent<MeshRenderer>().sharedMaterials = materials;
                }
                else
                {
                    var holder = filter.GetComponent<MeshFilter>();
                    if (holder == null) continue;
                    mesh = holder.sharedMesh = Object.Instantiate(holder.sharedMesh);
                }
                mesh.MarkDynamic();
                meshes.Add(mesh);
            }
            foreach (var part in root.GetComponentsInChildren<Transform>())
                if (part != root.transform) part.SetLocalPositionAndRotation(Vector3.zero, Quaternion.identity);
            SetVisible(false); // until the first frame
        }

        public void Take(Vertices frame, double now) => frames.Add(frame.Time, frame, now);

        /// <summary>No more frames come.</summary>
        public void Clear() => frames.Clear();

        /// <summary>Show where the cloth is now.</summary>
        public void Update(double now)
        {
            Vertices from, to;
            float share;
            if (!frames.At(now, out from, out to, out share)) return;
            int count = to.Positions.Length / 3;
            if (from.Positions.Length != to.Positions.Length) from = to;
            if (shown.Length != count) shown = new Vector3[count];
            for (int i = 0; i < count; i++)
            {
                // As glTFast mirrors the model: X.
                float x = Mathf.Lerp(from.Positions[3 * i], to.Positions[3 * i], share);
                float y = Mathf.Lerp(from.Positions[3 * i + 1], to.Positions[3 * i + 1], share);
                float z = Mathf.Lerp(from.Positions[3 * i + 2], to.Positions[3 * i + 2], share);
                shown[i] = new Vector3(-x, y, z);
            }
            foreach (var mesh in meshes)
            {
                // One POSITION accessor is shared by all primitives, so all have all vertices.
                if (mesh.vertexCount != count) continue;
                mesh.SetVertices(shown);
                mesh.RecalculateNormals();
                mesh.RecalculateBounds();
            }
            SetVisible(true);
        }

        void SetVisible(bool visible)
        {
            foreach (var part in root.GetComponentsInChildren<Renderer>(true)) part.enabled = visible;
        }
    }
}
