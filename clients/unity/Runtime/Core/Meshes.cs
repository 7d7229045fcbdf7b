using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;

namespace Showroom
{
    /// <summary>
    /// A difference to a frame that has not come: acknowledge frame 0 of the target, and a whole one
    /// follows.
    /// </summary>
    public sealed class BaseException : FrameException
    {
        public string Target { get; }

        public BaseException(string target) : base("a frame of " + target + " builds on one that has not come")
        {
            Target = target;
        }
    }

    /// <summary>
    /// The mesh frames of one connection, in the order in which they come: whole, or differences to
    /// frames that have come ("delta" in the hello). Layouts: docs/protocol.md.
    /// </summary>
    /// <remarks>Coordinates are whole numbers of 0.25 mm, so that nothing adds up.</remarks>
    public sealed class MeshDecoder
    {
        const int Difference = 1, Whole = 2, Kept = 8, MostVertices = 65536;

        sealed class Track
        {
            public string Glb;
            /// <summary>How far before each vertex its first neighbour stands; then the second neighbours.</summary>
            public ushort[] Backs;
            /// <summary>By number, the oldest first in <see cref="Order"/>: x, y, z of each vertex.</summary>
            public readonly Dictionary<uint, int[]> Frames = new Dictionary<uint, int[]>();
            public readonly Queue<uint> Order = new Queue<uint>();
        }

        readonly Dictionary<string, Track> tracks = new Dictionary<string, Track>();

        /// <summary>Whether a frame is one that only a <see cref="MeshDecoder"/> can read.</summary>
        public static bool Handles(byte[] data) =>
            data.Length > 2 && data[0] == Compact.Magic && data[1] == Compact.MeshKind && data[2] != 0;

        /// <summary>The frame in a compact mesh frame that <see cref="Handles"/> is true of.</summary>
        /// <exception cref="BaseException">It builds on a frame that has not come.</exception>
        /// <exception cref="FrameException">It is not what its head says.</exception>
        public Vertices Decode(byte[] data)
        {
            int count, start;
            var frame = Compact.MeshHead(data, out count, out start);
            if (count > MostVertices) throw new FrameException("more vertices than " + MostVertices);
            int[] grid;
            if (data[2] == Whole) grid = DecodeWhole(data, frame, count, start);
            else if (data[2] == Difference) grid = DecodeDifference(data, frame, count, start);
            else throw new FrameException("unknown mesh encoding " + data[2]);
            Keep(tracks[frame.Target], frame.Frame, grid);
            frame.Positions = new float[grid.Length];
            for (int i = 0; i < grid.Length; i++) frame.Positions[i] = (float)(grid[i] * Compact.Unit);
            return frame;
        }

        int[] DecodeWhole(byte[] data, Vertices frame, int count, int start)
        {
            int end = start + 6 * count;
            if (data.Length < end) throw new FrameException("a mesh frame is cut short");
            var low = new int[3];
            for (int k = 0; k < 3; k++)
            {
                double corner = Compact.F32(data, 52 + 4 * k) / Compact.Unit;
                if (!(Math.Abs(corner) < 1 << 30) || Compact.F32(data, 64 + 4 * k) != (float)Compact.Unit)
                    throw new FrameException("a mesh frame that does not count in 0.25 mm");
                low[k] = (int)Math.Round(corner);
            }
            var grid = new int[3 * count];
            for (int i = 0; i < grid.Length; i++) grid[i] = low[i % 3] + Compact.U16(data, start + 2 * i);
            var packed = Unpack(data, end, 4 * count);
            var backs = new ushort[2 * count];
            for (int i = 0; i < backs.Length; i++)
            {
                backs[i] = Compact.U16(packed, 2 * i);
                if (backs[i] > i % count) throw new FrameException("a neighbour that does not come before");
            }
            Track track;
            if (!tracks.TryGetValue(frame.Target, out track) || track.Glb != frame.Glb || track.Backs.Length != backs.Length)
                tracks[frame.Target] = track = new Track { Glb = frame.Glb };
            track.Backs = backs;
            return grid;
        }

        int[] DecodeDifference(byte[] data, Vertices frame, int count, int start)
        {
            Track track;
            int[] known;
            if (!tracks.TryGetValue(frame.Target, out track) || track.Glb != frame.Glb ||
                !track.Frames.TryGetValue(Compact.U32(data, 68), out known) || known.Length != 3 * count)
                throw new BaseException(frame.Target);
            var residuals = Unpack(data, start, 3 * count);
            var backs = track.Backs;
            var moved = new int[count];
            var grid = new int[3 * count];
            unchecked
            {
                for (int k = 0; k < 3; k++)
                {
                    int offset = (int)Compact.U32(data, 52 + 4 * k);
                    for (int v = 0; v < count; v++)
                    {
                        int a = backs[v], b = backs[count + v];
                        int guess = (a > 0 ? moved[v - a] : 0) + (b > 0 ? moved[v - b] : 0);
                        moved[v] = (guess >> 1) + (sbyte)residuals[k * count + v];
                        grid[3 * v + k] = known[3 * v + k] + offset + moved[v];
                    }
                }
            }
            return grid;
        }

        static void Keep(Track track, uint number, int[] grid)
        {
            if (!track.Frames.ContainsKey(number)) track.Order.Enqueue(number);
            track.Frames[number] = grid;
            while (track.Order.Count > Kept) track.Frames.Remove(track.Order.Dequeue());
        }

        /// <summary>What zlib has packed (RFC 1950) from a place to the end: that many bytes and no more.</summary>
        static byte[] Unpack(byte[] data, int start, int size)
        {
            int end = data.Length - 4;
            if (end < start + 2 || (data[start] & 15) != 8 || (data[start] << 8 | data[start + 1]) % 31 != 0 || (data[start + 1] & 32) != 0)
                throw new FrameException("a mesh frame's data is not zlib's");
            var plain = new byte[size];
            int filled = 0;
            try
            {
                // .NET has its inner format only (RFC 1951): two bytes go before, a checksum follows.
                using (var packed = new MemoryStream(data, start + 2, end - start - 2))
                using (var stream = new DeflateStream(packed, CompressionMode.Decompress))
                {
                    int got;
                    while (filled < size && (got = stream.Read(plain, filled, size - filled)) > 0) filled += got;
                    if (filled < size || stream.ReadByte() >= 0) filled = -1;
                }
            }
            catch (Exception error) when (error is InvalidDataException || error is IOException)
            {
                filled = -1;
            }
            if (filled != size || Adler32(plain) != ((uint)data[end] << 24 | (uint)data[end + 1] << 16 | (uint)data[end + 2] << 8 | data[end + 3]))
                throw new FrameException("a mesh frame's data cannot be unpacked");
            return plain;
        }

        static uint Adler32(byte[] data)
        {
            uint a = 1, b = 0;
            foreach (byte one in data)
            {
                a = (a + one) % 65521;
                b = (b + a) % 65521;
            }
            return b << 16 | a;
        }
    }
}
