using System;

namespace Showroom
{
    /// <summary>
    /// From a microphone's rate to the protocol's: 16 kHz, mono, 16 bits, 20 ms a chunk.
    /// </summary>
    /// <remarks>
    /// Each sample is the mean of what the microphone gave in its time, which also keeps away what is too
    /// high for the new rate, well enough for speech.
    /// </remarks>
    public sealed class Chunker
    {
        public const int Rate = 16000, Size = Rate / 50;

        readonly double step;
        readonly Action<short[]> take;
        short[] chunk = new short[Size];
        int filled;
        double sum, left;

        /// <param name="rate">Samples a second that come.</param>
        /// <param name="take">Gets each chunk, which is its own from then on.</param>
        public Chunker(double rate, Action<short[]> take)
        {
            step = left = rate / Rate;
            this.take = take;
        }

        /// <summary>Samples from -1 to 1; of several channels their mean is taken.</summary>
        public void Put(float[] samples, int channels = 1)
        {
            for (int i = 0; i + channels <= samples.Length; i += channels)
            {
                double sample = 0;
                for (int k = 0; k < channels; k++) sample += samples[i + k];
                sample /= channels;
                double weight = 1;
                while (weight >= left)
                {
                    Push((sum + sample * left) / step);
                    weight -= left;
                    sum = 0;
                    left = step;
                }
                sum += sample * weight;
                left -= weight;
            }
        }

        /// <summary>What is left of a chunk.</summary>
        public void Flush()
        {
            if (filled == 0) return;
            Array.Resize(ref chunk, filled);
            Give();
        }

        void Push(double sample)
        {
            chunk[filled++] = (short)(Math.Max(-1, Math.Min(1, sample)) * short.MaxValue);
            if (filled == Size) Give();
        }

        void Give()
        {
            var whole = chunk;
            chunk = new short[Size];
            filled = 0;
            take(whole);
        }
    }
}
