using UnityEngine;

namespace Showroom.Unity
{
    /// <summary>
    /// The microphone, for as long as <see cref="Hold"/> and <see cref="Release"/> are apart: wire both to a
    /// controller's button. On Android the application needs the permission to record.
    /// </summary>
    public sealed class PushToTalk : MonoBehaviour
    {
        const int BufferSeconds = 2;

        public ShowroomVisit visit;
        [Tooltip("Empty: the system's own choice.")]
        public string device = "";

        AudioClip clip;
        Chunker chunker;
        int read;

        public bool Talking => clip != null;

        string Device => string.IsNullOrEmpty(device) ? null : device;

        /// <summary>The visitor begins to speak.</summary>
        public void Hold()
        {
            if (Talking || !visit.CanHear) return;
            if (Microphone.devices.Length == 0)
            {
                visit.onProblem?.Invoke("there is no microphone, or this application may not use it");
                return;
            }
            int lowest, highest;
            Microphone.GetDeviceCaps(Device, out lowest, out highest); // both 0: any rate
            int rate = highest == 0 ? Chunker.Rate : Mathf.Clamp(Chunker.Rate, lowest, highest);
            clip = Microphone.Start(Device, true, BufferSeconds, rate);
            if (clip == null) return;
            read = 0;
            chunker = new Chunker(clip.frequency, visit.Hear);
            visit.StartTalking();
        }

        /// <summary>What was said is a whole sentence.</summary>
        public void Release()
        {
            if (!Talking) return;
            Drain();
            chunker.Flush();
            Microphone.End(Device);
            Destroy(clip);
            clip = null;
            visit.StopTalking();
        }

        void Update()
        {
            if (!Talking) return;
            Drain();
            if (!visit.CanHear) Release(); // The connection broke: a stream does not outlive it.
        }

        void OnDisable() => Release();

        void Drain()
        {
            int position = Microphone.GetPosition(Device);
            if (position < read)
            {
                Take(clip.samples - read); // Round the end of the ring.
                read = 0;
            }
            Take(position - read);
            read = position;
        }

        void Take(int count)
        {
            if (count <= 0) return;
            var samples = new float[count * clip.channels];
            clip.GetData(samples, read);
            chunker.Put(samples, clip.channels);
        }
    }
}
