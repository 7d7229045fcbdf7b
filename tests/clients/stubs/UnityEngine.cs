// Signatures of what the Unity package's scripts use of the engine, glTFast and the event system, after
// their documentation (Unity 2021.3, glTFast 6). Nothing works: it is there to be compiled against.
#pragma warning disable CS0067, CS0649, CS0169, CS0414, CS0626, CS0824
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace UnityEngine
{
    public struct Vector3
    {
        public float x, y, z;
        public Vector3(float x, float y, float z) { this.x = x; this.y = y; this.z = z; }
        public static Vector3 zero => default(Vector3);
        public static Vector3 one => default(Vector3);
        public static Vector3 Lerp(Vector3 a, Vector3 b, float t) => a;
        public static Vector3 operator *(Vector3 a, float b) => a;
        public static Vector3 operator +(Vector3 a, Vector3 b) => a;
    }

    public struct Quaternion
    {
        public float x, y, z, w;
        public Quaternion(float x, float y, float z, float w) { this.x = x; this.y = y; this.z = z; this.w = w; }
        public static Quaternion identity => default(Quaternion);
        public static Quaternion Inverse(Quaternion q) => q;
        public static Quaternion Slerp(Quaternion a, Quaternion b, float t) => a;
        public static Quaternion Euler(float x, float y, float z) => default(Quaternion);
        public static Quaternion operator *(Quaternion a, Quaternion b) => a;
        public static Vector3 operator *(Quaternion a, Vector3 b) => b;
    }

    public struct Rect { public Rect(float x, float y, float width, float height) { } }

    public class Object
    {
        public string name { get; set; }
        public int GetInstanceID() => 0;
        public static void Destroy(Object obj) { }
        public static void DestroyImmediate(Object obj) { }
        public static T Instantiate<T>(T original) where T : Object => original;
        public static T FindObjectOfType<T>() where T : Object => null;
        public static bool operator ==(Object a, Object b) => ReferenceEquals(a, b);
        public static bool operator !=(Object a, Object b) => !ReferenceEquals(a, b);
        public override bool Equals(object other) => ReferenceEquals(this, other);
        public override int GetHashCode() => 0;
    }

    public class Component : Object
    {
        public Transform transform => null;
        public GameObject gameObject => null;
        public T GetComponent<T>() => default(T);
    }

    public class Behaviour : Component { public bool enabled { get; set; } }
    public class MonoBehaviour : Behaviour { }

    public class Transform : Component
    {
        public Vector3 position { get; set; }
        public Quaternion rotation { get; set; }
        public Vector3 localPosition { get; set; }
        public Quaternion localRotation { get; set; }
        public Vector3 localScale { get; set; }
        public Vector3 eulerAngles { get; set; }
        public Vector3 InverseTransformPoint(Vector3 p) => p;
        public Vector3 TransformPoint(Vector3 p) => p;
        public void SetParent(Transform parent, bool worldPositionStays) { }
        public void SetLocalPositionAndRotation(Vector3 p, Quaternion q) { }
        public void Rotate(float x, float y, float z, Space relativeTo) { }
    }

    public enum Space { World, Self }

    public sealed class GameObject : Object
    {
        public GameObject(string name) { }
        public Transform transform => null;
        public bool activeInHierarchy => true;
        public void SetActive(bool active) { }
        public T AddComponent<T>() where T : Component => null;
        public T GetComponent<T>() => default(T);
        public T[] GetComponentsInChildren<T>(bool includeInactive = false) => null;
    }

    public sealed class Mesh : Object
    {
        public int vertexCount => 0;
        public void MarkDynamic() { }
        public void SetVertices(Vector3[] vertices) { }
        public void RecalculateNormals() { }
        public void RecalculateBounds() { }
    }

    public class Material : Object { }

    public class Renderer : Component
    {
        public bool enabled { get; set; }
        public Material[] sharedMaterials { get; set; }
    }

    public sealed class MeshRenderer : Renderer { }
    public sealed class MeshFilter : Component { public Mesh sharedMesh { get; set; } }
    public enum SkinQuality { Auto, Bone1, Bone2, Bone4 = 4 }

    public sealed class SkinnedMeshRenderer : Renderer
    {
        public Mesh sharedMesh { get; set; }
        public SkinQuality quality { get; set; }
        public bool updateWhenOffscreen { get; set; }
    }

    public sealed class Camera : Behaviour { public static Camera main => null; }

    public static class Mathf
    {
        public static float Lerp(float a, float b, float t) => a;
        public static float Clamp(float v, float a, float b) => v;
        public static int Clamp(int v, int a, int b) => v;
    }

    public static class Time
    {
        public static double realtimeSinceStartupAsDouble => 0;
        public static float deltaTime => 0;
    }

    public static class Debug
    {
        public static void Log(object message) { }
        public static void LogWarning(object message) { }
    }

    public static class Input
    {
        public static float GetAxis(string name) => 0;
        public static bool GetMouseButton(int button) => false;
    }

    public static class Screen
    {
        public static int width => 0;
        public static int height => 0;
    }

    public sealed class GUILayoutOption { }

    public static class GUILayout
    {
        public static void BeginArea(Rect area) { }
        public static void EndArea() { }
        public static void BeginHorizontal(params GUILayoutOption[] options) { }
        public static void EndHorizontal() { }
        public static void Label(string text, params GUILayoutOption[] options) { }
        public static string TextField(string text, params GUILayoutOption[] options) => text;
        public static bool Button(string text, params GUILayoutOption[] options) => false;
        public static bool RepeatButton(string text, params GUILayoutOption[] options) => false;
        public static GUILayoutOption Width(float width) => null;
    }

    public sealed class AudioClip : Object
    {
        public int samples => 0;
        public int channels => 1;
        public int frequency => 0;
        public bool GetData(float[] data, int offsetSamples) => true;
    }

    public static class Microphone
    {
        public static string[] devices => null;
        public static void GetDeviceCaps(string deviceName, out int minFreq, out int maxFreq) { minFreq = maxFreq = 0; }
        public static AudioClip Start(string deviceName, bool loop, int lengthSec, int frequency) => null;
        public static void End(string deviceName) { }
        public static int GetPosition(string deviceName) => 0;
    }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class HeaderAttribute : Attribute { public HeaderAttribute(string header) { } }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class TooltipAttribute : Attribute { public TooltipAttribute(string tooltip) { } }
}

namespace UnityEngine.Events
{
    public delegate void UnityAction<T0>(T0 arg0);

    [Serializable]
    public class UnityEvent<T0>
    {
        public void AddListener(UnityAction<T0> call) { }
        public void Invoke(T0 arg0) { }
    }
}

namespace UnityEngine.Networking
{
    public class DownloadHandler { public byte[] data => null; }
    public class UnityWebRequestAsyncOperation { public bool isDone => true; }

    public class UnityWebRequest : IDisposable
    {
        public enum Result { InProgress, Success, ConnectionError, ProtocolError, DataProcessingError }
        public Result result => Result.Success;
        public string error => null;
        public DownloadHandler downloadHandler => null;
        public static UnityWebRequest Get(string uri) => null;
        public void SetRequestHeader(string name, string value) { }
        public UnityWebRequestAsyncOperation SendWebRequest() => null;
        public void Dispose() { }
    }
}

namespace GLTFast
{
    public interface IDeferAgent { }

    // In glTFast a MonoBehaviour: made by AddComponent, never by new.
    public class TimeBudgetPerFrameDeferAgent : UnityEngine.MonoBehaviour, IDeferAgent
    {
        public void SetFrameBudget(float frameBudget = 0.5f) { }
    }

    public class UninterruptedDeferAgent : IDeferAgent { }

    public class ImportSettings { }

    public class GltfImport : IDisposable
    {
        public GltfImport(
            object downloadProvider = null, IDeferAgent deferAgent = null, object materialGenerator = null, object logger = null)
        {
        }

        public Task<bool> LoadGltfBinary(
            byte[] bytes, Uri uri = null, ImportSettings importSettings = null,
            CancellationToken cancellationToken = default(CancellationToken)) => null;

        public Task<bool> InstantiateMainSceneAsync(
            UnityEngine.Transform parent, CancellationToken cancellationToken = default(CancellationToken)) => null;

        public void Dispose() { }
    }
}
