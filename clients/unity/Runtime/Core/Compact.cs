using System;
using System.Collections.Generic;
using System.Text;

namespace Showroom
{
    /// <summary>A frame that is not what its head says.</summary>
    public class FrameException : Exception
    {
        public FrameException(string message) : base(message) { }
    }

    /// <summary>The vertices of one mesh in one frame: x, y, z of each, metres, play space.</summary>
    public sealed class Vertices : Message
    {
        public override string Type => "mesh_frame";
        public string Target;
        /// <summary>The GLB, SHA-256 in hex, whose one shared POSITION accessor they fill.</summary>
        public string Glb;
        public uint Frame;
        public double Time;
        public float[] Positions;
    }

    /// <summary>
    /// Compact binary frames, little endian: 0xC1, the kind, then the layouts of docs/protocol.md.
    /// Positions count 0.25 mm; quaternions are four int16 with 1.0 = 32767.
    /// </summary>
    public static class Compact
    {
        public const byte Magic = 0xC1;
        public const byte MeshKind = 3;
        /// <summary>Metres of a step of positions.</summary>
        public const double Unit = 0.00025;
        const byte PoseKind = 1, AvatarKind = 2, AudioKind = 4, CompanionKind = 5;
        const double One = 32767;
        const int PoseBytes = 36, HandBytes = 14, AvatarBytes = 28, AudioBytes = 8, MeshBytes = 76, MostVertices = 1 << 22;

        /// <summary>
        /// A pose in 36 bytes, 14 more for each tracked hand; null if a hand is more than 8.19 m
        /// from the head, which is then sent as JSON.
        /// </summary>
        public static byte[] EncodePose(Pose pose)
        {
            int flags = (pose.Left != null ? 1 : 0) | (pose.Right != null ? 2 : 0);
            int hands = (flags & 1) + (flags >> 1);
            var data = new byte[PoseBytes + HandBytes * hands];
            data[0] = Magic;
            data[1] = PoseKind;
            data[2] = (byte)flags;
            Put(data, 4, (uint)pose.Seq);
            Put(data, 8, (ulong)BitConverter.DoubleToInt64Bits(pose.Time));
            var head = new int[3];
            for (int i = 0; i < 3; i++)
            {
                head[i] = Steps(pose.Head[i]);
                Put(data, 16 + 4 * i, (uint)head[i]);
            }
            PutRotation(data, 28, pose.Head);
            int at = PoseBytes;
            foreach (var hand in new[] { pose.Left, pose.Right })
            {
                if (hand == null) continue;
                for (int i = 0; i < 3; i++)
                {
                    int offset = Steps(hand[i]) - head[i];
                    if (Math.Abs(offset) > One) return null;
                    Put(data, at + 2 * i, (ushort)(short)offset);
                }
                PutRotation(data, at + 6, hand);
                at += HandBytes;
            }
            return data;
        }

        /// <summary>A chunk of a microphone's samples; seq counts from 0.</summary>
        public static byte[] EncodeAudio(uint seq, short[] samples)
        {
            var data = new byte[AudioBytes + 2 * samples.Length];
            data[0] = Magic;
            data[1] = AudioKind;
            Put(data, 4, seq);
            for (int i = 0; i < samples.Length; i++) Put(data, AudioBytes + 2 * i, (ushort)samples[i]);
            return data;
        }

        /// <summary>
        /// An <see cref="AvatarPose"/> or <see cref="Vertices"/>; differences between mesh frames are left to
        /// <see cref="MeshDecoder"/>.
        /// </summary>
        /// <exception cref="FrameException">Cut short, of unknown kind, or of another length.</exception>
        public static Message Decode(byte[] data)
        {
            if (data.Length < AvatarBytes || data[0] != Magic) throw new FrameException("not a compact frame");
            switch (data[1])
            {
                case AvatarKind: return DecodeAvatar(data, 0);
                case CompanionKind: return DecodeCompanion(data);
                case MeshKind: return DecodeMesh(data);
                default: throw new FrameException("unknown kind of frame " + data[1]);
            }
        }

        static AvatarPose DecodeAvatar(byte[] data, int at)
        {
            Expect(data, at + AvatarBytes, true);
            int count = data[at + 2];
            int start = at + Padded(AvatarBytes + count);
            Expect(data, start + 8 * count);
            var rotations = new Dictionary<string, double[]>(count);
            for (int i = 0; i < count; i++)
            {
                int bone = data[at + AvatarBytes + i];
                if (bone >= Protocol.Bones.Length) throw new FrameException("unknown bone number " + bone);
                var q = new double[4];
                for (int k = 0; k < 4; k++) q[k] = (short)U16(data, start + 8 * i + 2 * k) / One;
                rotations[Protocol.Bones[bone]] = q;
            }
            return new AvatarPose
            {
                Seq = U32(data, at + 4),
                Time = F64(data, at + 8),
                Root = new[] { (int)U32(data, at + 16) * Unit, (int)U32(data, at + 20) * Unit, (int)U32(data, at + 24) * Unit },
                Rotations = rotations,
            };
        }

        static AvatarPose DecodeCompanion(byte[] data)
        {
            int name = data[3];
            int start = 4 + Padded(name);
            Expect(data, start + AvatarBytes, true);
            if (data[start] != Magic || data[start + 1] != AvatarKind) throw new FrameException("no companion's pose");
            var pose = DecodeAvatar(data, start);
            pose.Who = Encoding.UTF8.GetString(data, 4, name);
            return pose;
        }

        static Vertices DecodeMesh(byte[] data)
        {
            if (data[2] != 0) throw new FrameException("mesh encoding " + data[2] + " was not asked for");
            int count, start;
            var frame = MeshHead(data, out count, out start);
            Expect(data, start + 6L * count);
            var corner = new float[3];
            var step = new float[3];
            for (int i = 0; i < 3; i++)
            {
                corner[i] = F32(data, 52 + 4 * i);
                step[i] = F32(data, 64 + 4 * i);
            }
            var positions = new float[3 * count];
            for (int i = 0; i < positions.Length; i++)
            {
                int axis = i % 3;
                positions[i] = corner[axis] + step[axis] * U16(data, start + 2 * i);
            }
            frame.Positions = positions;
            return frame;
        }

        /// <summary>What every mesh frame opens with; <paramref name="start"/> is where its vertices begin.</summary>
        internal static Vertices MeshHead(byte[] data, out int count, out int start)
        {
            Expect(data, MeshBytes, true);
            int name = data[3];
            start = Padded(MeshBytes + name);
            Expect(data, start, true);
            long vertices = U32(data, 16);
            if (vertices > MostVertices) throw new FrameException("more vertices than " + MostVertices);
            count = (int)vertices;
            var hex = new StringBuilder(64);
            bool none = true;
            for (int i = 0; i < 32; i++)
            {
                none &= data[20 + i] == 0;
                hex.Append(data[20 + i].ToString("x2"));
            }
            return new Vertices
            {
                Target = Encoding.UTF8.GetString(data, MeshBytes, name),
                Glb = none ? "" : hex.ToString(),
                Frame = U32(data, 4),
                Time = F64(data, 8),
            };
        }

        // Half to even, as every codec of the protocol rounds.
        static int Steps(double metres) => (int)Math.Round(metres / Unit);

        static int Padded(int bytes) => (bytes + 3) / 4 * 4;

        static void Expect(byte[] data, long bytes, bool more = false)
        {
            if (data.Length < bytes || (data.Length > bytes && !more))
                throw new FrameException("a frame of " + bytes + " bytes was expected, " + data.Length + " came");
        }

        static void PutRotation(byte[] data, int at, double[] seven)
        {
            for (int i = 0; i < 4; i++)
            {
                double part = Math.Max(-One, Math.Min(One, Math.Round(seven[3 + i] * One)));
                Put(data, at + 2 * i, (ushort)(short)part);
            }
        }

        static void Put(byte[] data, int at, ushort value)
        {
            data[at] = (byte)value;
            data[at + 1] = (byte)(value >> 8);
        }

        static void Put(byte[] data, int at, uint value)
        {
            for (int i = 0; i < 4; i++) data[at + i] = (byte)(value >> (8 * i));
        }

        static void Put(byte[] data, int at, ulong value)
        {
            for (int i = 0; i < 8; i++) data[at + i] = (byte)(value >> (8 * i));
        }

        internal static ushort U16(byte[] data, int at) => (ushort)(data[at] | data[at + 1] << 8);

        internal static uint U32(byte[] data, int at) =>
            (uint)(data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24);

        static double F64(byte[] data, int at) =>
            BitConverter.Int64BitsToDouble((long)(U32(data, at) | (ulong)U32(data, at + 4) << 32));

        [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Explicit)]
        struct Word
        {
            [System.Runtime.InteropServices.FieldOffset(0)] public uint Bits;
            [System.Runtime.InteropServices.FieldOffset(0)] public float Number;
        }

        internal static float F32(byte[] data, int at) => new Word { Bits = U32(data, at) }.Number;
    }
}
