using System;
using System.Collections.Generic;

namespace Showroom
{
    /// <summary>
    /// What arrives in bursts, shown smoothly: samples by the sender's clock, asked for by ours, a
    /// moment later.
    /// </summary>
    public sealed class History<T> where T : class
    {
        readonly List<KeyValuePair<double, T>> samples = new List<KeyValuePair<double, T>>();
        readonly SenderClock clock;
        readonly int keep;

        /// <param name="clock">Of the sender; null: one for this history alone.</param>
        /// <param name="keep">Samples that are kept.</param>
        public History(SenderClock clock = null, int keep = 16)
        {
            this.clock = clock ?? new SenderClock();
            this.keep = keep;
        }

        /// <summary>Take a sample; one that is older than the last is left out.</summary>
        public void Add(double time, T value, double now)
        {
            if (samples.Count > 0)
            {
                double last = samples[samples.Count - 1].Key;
                if (time <= last)
                {
                    if (last - time < SenderClock.Anew) return;
                    Clear();
                    clock.Restart();
                }
            }
            clock.Hear(this, time, now);
            samples.Add(new KeyValuePair<double, T>(time, value));
            if (samples.Count > keep) samples.RemoveAt(0);
        }

        /// <summary>The samples around the moment to show; false while there is none.</summary>
        /// <param name="share">How far from the first to the second, 0 to 1.</param>
        public bool At(double now, out T from, out T to, out float share)
        {
            from = to = null;
            share = 1;
            if (samples.Count == 0) return false;
            double wanted = clock.At(now);
            var before = samples[0];
            foreach (var sample in samples)
            {
                if (sample.Key > wanted)
                {
                    double span = sample.Key - before.Key;
                    share = span > 0 ? (float)Math.Max(0, (wanted - before.Key) / span) : 1;
                    from = before.Value;
                    to = sample.Value;
                    return true;
                }
                before = sample;
            }
            from = to = before.Value;
            return true;
        }

        /// <summary>Forget all samples; other histories of this sender go on.</summary>
        public void Clear()
        {
            samples.Clear();
            clock.Forget(this);
        }
    }
}
