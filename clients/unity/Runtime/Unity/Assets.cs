using System.Collections.Generic;
using System.Threading.Tasks;
using GLTFast;
using UnityEngine;
using UnityEngine.Networking;

namespace Showroom.Unity
{
    /// <summary>GLBs by hash: fetched once, loaded a little each frame.</summary>
    public sealed class Assets
    {
        readonly string origin;
        readonly string token;
        readonly Dictionary<string, Task<byte[]>> bytes = new Dictionary<string, Task<byte[]>>();

        /// <param name="origin">http(s)://host:port of the server.</param>
        public Assets(string origin, string token)
        {
            this.origin = origin;
            this.token = token;
        }

        /// <summary>A new object under <paramref name="parent"/> with the GLB of a hash; null if it cannot be had.</summary>
        public async Task<GameObject> Load(string hash, Transform parent)
        {
            Task<byte[]> fetching;
            if (!bytes.TryGetValue(hash, out fetching)) bytes[hash] = fetching = Fetch(hash);
            var data = await fetching;
            if (data == null)
            {
                bytes.Remove(hash);
                return null;
            }
            // Spreads glTFast's work over frames; a component, whose frames count.
            var agent = parent.gameObject.GetComponent<TimeBudgetPerFrameDeferAgent>();
            if (agent == null) agent = parent.gameObject.AddComponent<TimeBudgetPerFrameDeferAgent>();
            var import = new GltfImport(deferAgent: agent);
            if (!await import.LoadGltfBinary(data)) return null;
            var root = new GameObject("glb " + hash.Substring(0, 8));
            root.transform.SetParent(parent, false);
            var loaded = root.AddComponent<LoadedModel>();
            loaded.Import = import;
            if (!await import.InstantiateMainSceneAsync(root.transform))
            {
                Object.Destroy(root);
                return null;
            }
            return root;
        }

        async Task<byte[]> Fetch(string hash)
        {
            using (var request = UnityWebRequest.Get(origin + "/asset/" + hash + ".glb"))
            {
                if (!string.IsNullOrEmpty(token)) request.SetRequestHeader("Authorization", "Bearer " + token);
                var sending = request.SendWebRequest();
                while (!sending.isDone) await Task.Yield();
                if (request.result == UnityWebRequest.Result.Success) return request.downloadHandler.data;
                Debug.LogWarning("showroom: the asset " + hash + " is not to be had: " + request.error);
                return null;
            }
        }
    }

    /// <summary>Keeps meshes and textures of a loaded model for as long as its object lives.</summary>
    public sealed class LoadedModel : MonoBehaviour
    {
        public GltfImport Import;

        void OnDestroy()
        {
            Import?.Dispose();
        }
    }
}
