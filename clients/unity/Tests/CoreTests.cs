// The core's own tests, without Unity: tests/clients/test_unity.py compiles and runs them.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Newtonsoft.Json.Linq;
using Showroom;

static class CoreTests
{
    static void Check(bool right, string what)
    {
        if (!right) throw new Exception("not so: " + what);
    }

    static double[] Numbers(JToken list) => list.Select(v => (double)v).ToArray();

    static void Near(double[] a, double[] b, double tolerance, string what)
    {
        for (int i = 0; i < b.Length; i++) Check(Math.Abs(a[i] - b[i]) <= tolerance, what);
    }

    static void GoldenFrames(string path)
    {
        var vectors = (JArray)JObject.Parse(File.ReadAllText(path))["vectors"];
        Check(vectors.Count == 8, "8 vectors");
        foreach (var vector in vectors)
        {
            var given = vector["protocol"];
            var p = Numbers(given["position"]);
            var q = Numbers(given["rotation"]);
            Near(Frames.Position(p), Numbers(vector["unity"]["position"]), 1e-6, "position of " + vector["name"]);
            Same(Frames.Rotation(q), Numbers(vector["unity"]["rotation"]), "rotation of " + vector["name"]);
            Near(Frames.ModelPosition(p), Numbers(vector["unity_gltf"]["position"]), 1e-6, "model of " + vector["name"]);
            Same(Frames.ModelRotation(q), Numbers(vector["unity_gltf"]["rotation"]), "model turn of " + vector["name"]);
            var unity = Frames.Position(p);
            var turned = Frames.Rotation(q);
            var back = Frames.Transform(unity[0], unity[1], unity[2], turned[0], turned[1], turned[2], turned[3]);
            Near(back, p.Concat(q).ToArray(), 1e-12, "the way back of " + vector["name"]);
        }
    }

    static void Same(double[] a, double[] b, string what)
    {
        double dot = 0;
        for (int i = 0; i < 4; i++) dot += a[i] * b[i];
        Check(Math.Abs(Math.Abs(dot) - 1) < 1e-6, what);
    }

    static byte[] Unhex(string hex) =>
        Enumerable.Range(0, hex.Length / 2).Select(i => Convert.ToByte(hex.Substring(2 * i, 2), 16)).ToArray();

    static void CompactFrames(string path)
    {
        var golden = JObject.Parse(File.ReadAllText(path));
        foreach (var pair in golden["poses"])
        {
            var message = pair["message"];
            var pose = new Pose
            {
                Time = (double)message["time"],
                Seq = (long)message["seq"],
                Head = Numbers(message["head"]),
                Left = message["left"] == null ? null : Numbers(message["left"]),
                Right = message["right"] == null ? null : Numbers(message["right"]),
            };
            var hex = BitConverter.ToString(Compact.EncodePose(pose)).Replace("-", "").ToLowerInvariant();
            Check(hex == (string)pair["hex"], "pose " + pose.Seq);
            pose.Left = new double[] { pose.Head[0] + 9, 1, 0, 0, 0, 0, 1 };
            Check(Compact.EncodePose(pose) == null, "a far hand is left to JSON");
        }
        var wanted = golden["avatar"]["message"];
        var avatar = (AvatarPose)Compact.Decode(Unhex((string)golden["avatar"]["hex"]));
        Near(avatar.Root, Numbers(wanted["root"]), 0.000126, "root");
        Check(avatar.Seq == 77 && avatar.Time == 2.5, "avatar's head");
        foreach (var bone in (JObject)wanted["rotations"])
            Near(avatar.Rotations[bone.Key], Numbers(bone.Value), 2e-5, bone.Key);
        var mesh = (Vertices)Compact.Decode(Unhex((string)golden["mesh"]["hex"]));
        Check(mesh.Target == (string)golden["mesh"]["target"], "target");
        Check(mesh.Glb == (string)golden["mesh"]["glb"], "hash");
        Near(mesh.Positions.Select(v => (double)v).ToArray(), Numbers(golden["mesh"]["xyz"]), 2e-5, "vertices");
        var other = (AvatarPose)Compact.Decode(Unhex((string)golden["companion"]["hex"]));
        Check(other.Who == (string)golden["companion"]["who"] && other.Seq == 77, "companion");
        Near(other.Root, avatar.Root, 0, "the companion's root");
        var samples = golden["audio"]["samples"].Select(v => (short)v).ToArray();
        var audio = BitConverter.ToString(Compact.EncodeAudio((uint)golden["audio"]["seq"], samples)).Replace("-", "");
        Check(audio.ToLowerInvariant() == (string)golden["audio"]["hex"], "a chunk of samples");
        foreach (var name in new[] { "avatar", "mesh", "companion" })
        {
            var whole = Unhex((string)golden[name]["hex"]);
            for (int length = 0; length < whole.Length; length++)
            {
                try
                {
                    Compact.Decode(whole.Take(length).ToArray());
                    Check(false, name + " cut to " + length + " is refused");
                }
                catch (FrameException)
                {
                }
            }
        }
    }

    static void MeshFrames(string path)
    {
        var golden = JObject.Parse(File.ReadAllText(path));
        var decoder = new MeshDecoder();
        var kinds = new HashSet<int>();
        byte[] last = null;
        foreach (var vector in golden["frames"])
        {
            var data = Unhex((string)vector["hex"]);
            kinds.Add(data[2]);
            if (data[2] == 1) last = data;
            var frame = MeshDecoder.Handles(data) ? decoder.Decode(data) : (Vertices)Compact.Decode(data);
            Check(frame.Target == (string)vector["target"] && frame.Frame == (uint)vector["frame"], "a mesh frame's head");
            var grid = Numbers(vector["grid"]);
            Check(frame.Positions.Length == grid.Length, "vertices of a mesh frame");
            for (int i = 0; i < grid.Length; i++)
                Check(Math.Abs(frame.Positions[i] - grid[i] * Compact.Unit) < (double)vector["within"], "a vertex of frame " + frame.Frame);
        }
        Check(kinds.SetEquals(new[] { 0, 1, 2 }), "all encodings");
        foreach (var vector in golden["refused"])
        {
            try
            {
                decoder.Decode(Unhex((string)vector["hex"]));
                Check(false, "refused: " + vector["why"]);
            }
            catch (FrameException error)
            {
                Check(error is BaseException == (bool)vector["base"], "refused as it should be: " + vector["why"]);
            }
        }
        decoder.Decode(last);
        try
        {
            new MeshDecoder().Decode(last);
            Check(false, "a new decoder has nothing to build on");
        }
        catch (BaseException error)
        {
            Check(error.Target == (string)golden["frames"][1]["target"], "whose base is missing");
        }
    }

    /// <summary>A history of numbers, whose moments are numbers too.</summary>
    sealed class Numbered
    {
        readonly History<object> history;

        public Numbered(SenderClock clock = null)
        {
            history = new History<object>(clock);
        }

        public void Add(double time, double value, double now) => history.Add(time, value, now);

        public void Clear() => history.Clear();

        public double? At(double now)
        {
            object from, to;
            float share;
            if (!history.At(now, out from, out to, out share)) return null;
            return (double)from + ((double)to - (double)from) * share;
        }
    }

    static void Histories()
    {
        var history = new Numbered(new SenderClock(0.05));
        Check(history.At(1) == null, "nothing at first");
        var late = new[] { 0.01, 0.04, 0.01, 0.035, 0.012, 0.02 };
        for (int i = 0; i < late.Length; i++) history.Add(i * 0.02, i * 0.02, 100 + i * 0.02 + late[i]);
        foreach (var moment in new[] { 100.075, 100.09, 100.12 })
            Check(Math.Abs(history.At(moment).Value - (moment - 100.01 - 0.05)) < 0.004, "smooth at " + moment);
        history.Add(1e-3, 9, 200);
        Check(history.At(300) == 0.1, "a late one is left out, and nothing made up after the last");
        var anew = new Numbered();
        anew.Add(100, 1, 0);
        Check(anew.At(-5) == 1, "nothing is made up before the first");
        anew.Add(1, 2, 0.1);
        Check(anew.At(5) == 2, "a sender whose clock begins anew is followed");
    }

    /// <summary>A body and what it wears.</summary>
    static void OneClock()
    {
        var clocks = new Clocks();
        Check(clocks.OfTarget("Mia/tshirt") == clocks.Of("Mia") && clocks.OfTarget("tshirt") == clocks.Of(""), "whose clock");
        var body = new Numbered(clocks.Of(""));
        var sleeve = new Numbered(clocks.OfTarget("tshirt"));
        var seen = new List<double>();
        for (int i = 0; i < 400; i++)
        {
            double time = i * 0.01, now = 50 + time;
            body.Add(time, time, now);
            if (i % 8 == 0 && i >= 2) sleeve.Add(time - 0.02, time - 0.02, now); // 12.5 Hz, 20 ms late
            double? worn = sleeve.At(now);
            if (i < 100) continue;
            double moment = body.At(now).Value;
            Check(Math.Abs(moment - worn.Value) < 1e-6, "a body ahead of its sleeve: " + moment + " and " + worn);
            Check(time - moment < 0.15, (time - moment) + " s behind");
            seen.Add(moment);
        }
        var steps = seen.Skip(1).Select((moment, i) => moment - seen[i]).ToList();
        Check(steps.All(step => step >= 0 && step < 0.03), "small steps");
        Check(steps.Count(step => step < 0.004) < 0.15 * steps.Count, "it does not stand still in between");

        var clock = new SenderClock();
        body = new Numbered(clock);
        sleeve = new Numbered(clock);
        var hem = new Numbered(clock);
        for (int i = 0; i < 100; i++)
        {
            double time = i * 0.01;
            body.Add(time, time, time);
            if (i < 60) sleeve.Add(time, time, time);
            if (i < 95) hem.Add(time, time, time);
            if (i == 95) hem.Clear();
        }
        Check(body.At(0.99) > 0.95, "a body does not wait for cloth that comes no more");

        clock = new SenderClock();
        var earlier = new Numbered(clock);
        var later = new Numbered(clock);
        for (int i = 0; i < 10; i++) earlier.Add(100 + i * 0.02, i, i * 0.02);
        earlier.At(0.2);
        for (int i = 0; i < 10; i++) later.Add(1 + i * 0.02, i, 9 + i * 0.02);
        Check(later.At(9.18) < 9, "who comes back with a clock that began anew is followed");
    }

    static void Changes()
    {
        var shirt = new ProductShown
        {
            Glb = "a", Size = "M", Color = "navy", Values = new Dictionary<string, double> { { "sleeve_length", 0.2 } },
        };
        var refit = new ProductChanged
        {
            Glb = "b",
            Transform = new double[] { 1, 0, 0, 0, 0, 0, 1 },
            Changes = new[]
            {
                new Change { Name = "sleeve_length", Unit = "m", Old = 0.2, New = 0.23 },
                new Change { Name = "x", Unit = "m", Old = 0, New = 1 },
            },
        };
        Shown.Change(shirt, refit);
        Check(shirt.Size == "M" && shirt.Color == "navy", "a re-fitted product keeps size and colour");
        Check(shirt.Values.Count == 1 && shirt.Values["sleeve_length"] == 0.23, "its numbers");
        Check(shirt.Glb == "b" && shirt.Transform == refit.Transform, "its shape and place");
        Shown.Change(shirt, new ProductChanged { Size = "L", Color = "red", Transform = refit.Transform, Changes = new Change[0] });
        Check(shirt.Size == "L" && shirt.Color == "red" && shirt.Glb == "b", "another size and colour");
    }

    static void Chunks()
    {
        foreach (int rate in new[] { 16000, 22050, 44100, 48000, 96000 })
        {
            var heard = new List<short>();
            var sizes = new HashSet<int>();
            var chunker = new Chunker(rate, chunk =>
            {
                sizes.Add(chunk.Length);
                heard.AddRange(chunk);
            });
            Func<double, double> tone = i => 0.5 * Math.Sin(2 * Math.PI * 440 * i / rate);
            var both = new float[rate]; // half a second of two channels
            for (int i = 0; i < rate / 2; i++)
            {
                both[2 * i] = (float)(2 * tone(i));
                both[2 * i + 1] = 0;
            }
            for (int i = 0; i < both.Length; i += 2000) chunker.Put(both.Skip(i).Take(2000).ToArray(), 2);
            Check(sizes.SetEquals(new[] { Chunker.Size }), "20 ms a chunk");
            chunker.Flush();
            Check(Math.Abs(heard.Count - Chunker.Rate / 2) <= 1, heard.Count + " samples");
            double late = 0.5 * rate / Chunker.Rate - 0.5; // a mean is the tone in the middle of its time
            for (int i = 0; i < heard.Count; i++)
                Check(Math.Abs(heard[i] / 32767.0 - tone(i * (double)rate / Chunker.Rate + late)) < 0.05, "sample " + i + " at " + rate);
        }
    }

    /// <summary>A spoken sentence from a microphone of 48 kHz.</summary>
    static async Task Speaks(int port)
    {
        using (var visit = new Connection("ws://127.0.0.1:" + port, new Hello { Client = "test/1", Lang = "en" }))
        {
            var welcome = await visit.Open();
            Check(welcome.Capabilities.Contains("hear-en"), "it hears");
            visit.Send(new AudioStart { Id = "m1", Lang = "en" });
            uint seq = 0;
            var chunker = new Chunker(48000, chunk => visit.Hear(seq++, chunk));
            for (int i = 0; i < 43; i++) // tenths of a second: quiet, three seconds loud, quiet
            {
                var piece = new float[4800];
                for (int k = 0; k < piece.Length && i >= 3 && i < 33; k++) piece[k] = k / 120 % 2 == 0 ? 0.25f : -0.25f;
                chunker.Put(piece);
                await Task.Delay(15);
            }
            chunker.Flush();
            visit.Send(new AudioStop());
            string said = null, heard = null;
            for (int i = 0; i < 3000 && said == null; i++)
            {
                Message update;
                while (visit.TryTake(out update))
                {
                    if (update is ErrorUpdate error) Check(false, error.Message);
                    if (update is Transcript words && words.IsFinal) heard = words.Text;
                    if (update is Reply reply && reply.Text.EndsWith(": make it longer")) said = reply.Text;
                }
                await Task.Delay(10);
            }
            Check(heard == "make it longer" && said != null, "heard " + heard + ", said " + said);
            await visit.Close();
        }
    }

    /// <summary>A way to the server that is cut after some bytes.</summary>
    static int Road(int port, Func<int> bytes)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task.Run(async () =>
        {
            while (true)
            {
                var near = await listener.AcceptTcpClientAsync();
                var far = new TcpClient();
                await far.ConnectAsync(IPAddress.Loopback, port);
                int left = bytes();
                Action<TcpClient, TcpClient> pump = (a, b) => Task.Run(async () =>
                {
                    var buffer = new byte[4096];
                    try
                    {
                        int got;
                        while ((got = await a.GetStream().ReadAsync(buffer, 0, buffer.Length)) > 0)
                        {
                            await b.GetStream().WriteAsync(buffer, 0, Math.Max(0, Math.Min(got, left)));
                            if ((left -= got) <= 0) break;
                        }
                    }
                    catch (Exception)
                    {
                    }
                    near.Close();
                    far.Close();
                });
                pump(near, far);
                pump(far, near);
            }
        });
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    sealed class CountingTransport : ITransport
    {
        readonly SocketTransport inner = new SocketTransport();
        public long Received;

        public Task Open(Uri url, string subprotocol, CancellationToken stop) => inner.Open(url, subprotocol, stop);
        public Task Send(byte[] data, bool text, CancellationToken stop) => inner.Send(data, text, stop);
        public void Dispose() => inner.Dispose();

        public async Task<Frame> Receive(CancellationToken stop)
        {
            var frame = await inner.Receive(stop);
            if (frame != null) Received += frame.Data.Length;
            return frame;
        }
    }

    static async Task Visits(int port)
    {
        var bytes = new CountingTransport();
        using (var visit = new Connection("ws://127.0.0.1:" + port, new Hello { Client = "test/1", Lang = "zh" }, 30, () => bytes))
        {
            var welcome = await visit.Open();
            Check(welcome.Capabilities.Contains("resume"), "capabilities");
            var answer = await visit.Ask(new Utterance { Id = "u1", Text = "你好", Lang = "zh" });
            Check(answer.Count == 2 && ((Reply)answer[0]).Text == "1: 你好" && answer[1] is Done, "an answer");
            var wit = Connection.Wit("{\"text\":\"undo that\",\"intents\":[{\"id\":\"1\",\"name\":\"wit$go_back\",\"confidence\":0.9}],"
                + "\"entities\":{\"wit$distance:by\":[{\"name\":\"wit$distance\",\"value\":3,\"unit\":\"centimeter\",\"entities\":{}}]},\"traits\":{}}");
            Check(wit.IsFinal && wit.Intents[0].Confidence == 0.9 && wit.Entities["wit$distance:by"][0].Unit == "centimeter", "a response of Wit.ai");
            answer = await visit.Ask(new Utterance { Id = "w1", Text = wit.Text, Wit = wit });
            Check(answer.Count == 2 && answer[1] is Done, "and it is taken");
            var refused = await visit.Ask(new Body { Id = "b1", Height = 1.7 });
            Check(refused.Last() is ErrorUpdate, "a refusal");
            int frames = 0;
            for (int seq = 1; frames < 8 && seq < 2000; seq++)
            {
                visit.Send(new Pose { Time = seq / 60.0, Seq = seq, Head = new[] { 0, 1.6, 0, 0, 0, 0, 1 } });
                await Task.Delay(10);
                Message update;
                while (visit.TryTake(out update))
                {
                    var frame = update as Vertices;
                    if (frame == null) continue;
                    Check(frame.Positions.Length == 15000, "vertices");
                    foreach (float place in frame.Positions)
                        Check(Math.Abs(place - frame.Time) <= 0.000126, "where the vertices are");
                    frames++;
                    visit.Shown(frame);
                }
            }
            Check(frames >= 8, "mesh frames, came " + frames);
            Check(bytes.Received < frames * 15000, "mesh frames come as differences, in " + bytes.Received + " bytes");
            await visit.Close();
        }
        int roads = 0;
        int way = Road(port, () => (roads++ > 0 ? 500 : 3000) + roads * 397 % 1100);
        using (var visit = new Connection("ws://127.0.0.1:" + way, new Hello { Client = "test/1" }, 20))
        {
            await visit.Open();
            for (int i = 1; i <= 80; i++)
            {
                var answer = await visit.Ask(new Utterance { Id = "u" + i, Text = "say " + i });
                var said = answer.OfType<Reply>().Select(r => r.Text).ToList();
                Check(said.Count == 1 && said[0] == i + ": say " + i, "answer " + i + " after a break: " + string.Join("|", said));
            }
            Check(visit.Resumed > 3, "resumed " + visit.Resumed + " times");
        }
        try
        {
            await new Connection("ws://127.0.0.1:1").Open();
            Check(false, "nobody answers");
        }
        catch (ConnectionException error)
        {
            Check(error.Field == "url", "the field of " + error.Message);
        }
    }

    static int Main(string[] arguments)
    {
        GoldenFrames(arguments[0]);
        CompactFrames(arguments[1]);
        MeshFrames(arguments[2]);
        Histories();
        OneClock();
        Changes();
        Chunks();
        Speaks(int.Parse(arguments[4])).GetAwaiter().GetResult();
        Visits(int.Parse(arguments[3])).GetAwaiter().GetResult();
        Console.WriteLine("all is so");
        return 0;
    }
}
