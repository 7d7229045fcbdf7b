using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Showroom
{
    public enum ConnectionState { Closed, Connecting, Open, Resuming }

    /// <summary>Why there is no connection, in words for a person.</summary>
    public sealed class ConnectionException : Exception
    {
        public string Field { get; }
        public ConnectionException(string message, string field = "") : base(message) { Field = field; }
    }

    /// <summary>
    /// One visitor's connection: greets, sends events, collects updates, and comes back by itself.
    /// </summary>
    /// <remarks>
    /// What was asked and not answered when the connection broke is asked again with the same id;
    /// the server does nothing twice. All work is done in the background; updates wait in order
    /// until <see cref="TryTake"/> fetches them, from a game's own thread.
    /// </remarks>
    public sealed class Connection : IDisposable
    {
        const int ConfirmEvery = 16;
        const double FirstPause = 0.05, LongestPause = 2;

        readonly Uri url;
        readonly Hello hello;
        readonly double patience;
        readonly Func<ITransport> transports;
        readonly CancellationTokenSource stop = new CancellationTokenSource();
        readonly ConcurrentQueue<Message> arrived = new ConcurrentQueue<Message>();
        readonly object guard = new object();
        readonly List<KeyValuePair<string, Message>> unanswered = new List<KeyValuePair<string, Message>>();
        readonly Dictionary<string, Question> asked = new Dictionary<string, Question>();
        ITransport transport;
        MeshDecoder meshes = new MeshDecoder();
        long have;

        sealed class Question
        {
            public readonly List<Message> Updates = new List<Message>();
            public readonly TaskCompletionSource<IReadOnlyList<Message>> Answer =
                new TaskCompletionSource<IReadOnlyList<Message>>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        public ConnectionState State { get; private set; }
        public Welcome Welcome { get; private set; }
        /// <summary>How often the visit went on after a break.</summary>
        public int Resumed { get; private set; }
        /// <summary>Why the connection is closed.</summary>
        public ConnectionException Failure { get; private set; }

        /// <param name="url">ws://host:port or wss://host:port.</param>
        /// <param name="hello">Language, token and options; resume and have are filled in.</param>
        /// <param name="patience">Seconds in which to come back after a break.</param>
        public Connection(string url, Hello hello = null, double patience = 30, Func<ITransport> transports = null)
        {
            this.url = new Uri(url);
            this.hello = hello ?? new Hello { Client = "unity/1" };
            this.patience = patience;
            this.transports = transports ?? (() => new SocketTransport());
        }

        /// <summary>Connect and greet.</summary>
        /// <exception cref="ConnectionException">Nobody answers there, or the server refuses.</exception>
        public async Task<Welcome> Open()
        {
            State = ConnectionState.Connecting;
            try
            {
                await Connect().ConfigureAwait(false);
            }
            catch (ConnectionException error)
            {
                End(error);
                throw;
            }
            _ = Task.Run(Read);
            return Welcome;
        }

        /// <summary>The next update, mesh frames as <see cref="Vertices"/>; false if none waits.</summary>
        public bool TryTake(out Message update) => arrived.TryDequeue(out update);

        /// <summary>Send an event; one with an id is sent again after a break until it is answered.</summary>
        public void Send(Message message)
        {
            string id = IdOf(message);
            // A microphone's stream does not outlive its connection: it is not begun again.
            if (!string.IsNullOrEmpty(id) && !(message is Hello || message is Ping || message is AudioStart))
                lock (guard) unanswered.Add(new KeyValuePair<string, Message>(id, message));
            if (State == ConnectionState.Open) _ = Write(message);
        }

        /// <summary>Send an event with an id and wait for everything that answers it, a refusal too.</summary>
        public Task<IReadOnlyList<Message>> Ask(Message message)
        {
            string id = IdOf(message);
            if (string.IsNullOrEmpty(id)) throw new ArgumentException("only an event with an id can be asked");
            var question = new Question();
            lock (guard)
            {
                if (State == ConnectionState.Closed) throw Failure ?? new ConnectionException("the connection is closed");
                asked[id] = question;
            }
            Send(message);
            return question.Answer.Task;
        }

        /// <summary>Samples of the microphone, 16 kHz: after an AudioStart, until an AudioStop.</summary>
        public void Hear(uint seq, short[] samples)
        {
            if (State == ConnectionState.Open) _ = Write(Compact.EncodeAudio(seq, samples), false);
        }

        /// <summary>The mesh frame is shown: the next may come.</summary>
        public void Shown(Vertices frame) => Send(new Ack { Target = frame.Target, Frame = frame.Frame });

        /// <summary>Leave. Without <paramref name="goodbye"/> the visit is held and can be resumed.</summary>
        public async Task Close(bool goodbye = true)
        {
            if (goodbye && State == ConnectionState.Open) await Write(new Bye()).ConfigureAwait(false);
            Dispose();
        }

        public void Dispose()
        {
            End(new ConnectionException("the client left"));
            stop.Cancel();
            transport?.Dispose();
        }

        async Task Connect()
        {
            bool again = Welcome != null;
            transport?.Dispose();
            var mine = transports();
            transport = mine;
            var greeting = JsonConvert.DeserializeObject<Hello>(JsonConvert.SerializeObject(hello));
            AskForDifferences(greeting);
            meshes = new MeshDecoder();
            if (again)
            {
                greeting.Resume = Welcome.Resume;
                greeting.Have = have;
            }
            Message first;
            try
            {
                await mine.Open(url, Protocol.Subprotocol, stop.Token).ConfigureAwait(false);
                await mine.Send(Bytes(greeting), true, stop.Token).ConfigureAwait(false);
                var frame = await mine.Receive(stop.Token).ConfigureAwait(false);
                first = frame == null ? null : Parse(frame);
            }
            catch (Exception error) when (!(error is OutOfMemoryException))
            {
                throw new ConnectionException("nobody answers at " + url + ": " + error.Message, "url");
            }
            if (first is ErrorUpdate refusal)
            {
                if (refusal.Code == "resume" && again)
                {
                    Welcome = null; // Held no longer: begin a new visit.
                    await Connect().ConfigureAwait(false);
                    return;
                }
                throw new ConnectionException(refusal.Message, refusal.Field ?? "hello");
            }
            if (!(first is Welcome welcome)) throw new ConnectionException("the server did not welcome us", "url");
            Welcome = welcome;
            if (welcome.Resumed) Resumed++;
            else have = 0;
            arrived.Enqueue(welcome);
            List<KeyValuePair<string, Message>> open;
            lock (guard)
            {
                State = ConnectionState.Open;
                open = new List<KeyValuePair<string, Message>>(unanswered);
            }
            foreach (var pair in open) await Write(pair.Value).ConfigureAwait(false);
        }

        async Task Read()
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    Frame frame;
                    while ((frame = await transport.Receive(stop.Token).ConfigureAwait(false)) != null) Take(Parse(frame));
                }
                catch (Exception error) when (!(error is OutOfMemoryException))
                {
                    // Whatever broke: come back below.
                }
                if (stop.IsCancellationRequested || !await ComeBack().ConfigureAwait(false)) return;
            }
        }

        async Task<bool> ComeBack()
        {
            State = ConnectionState.Resuming;
            var since = Stopwatch.StartNew();
            for (double pause = FirstPause; ; pause = Math.Min(LongestPause, pause * 2))
            {
                try
                {
                    await Task.Delay(TimeSpan.FromSeconds(pause), stop.Token).ConfigureAwait(false);
                    await Connect().ConfigureAwait(false);
                    return true;
                }
                catch (OperationCanceledException)
                {
                    return false;
                }
                catch (ConnectionException error)
                {
                    if (error.Field == "url" && since.Elapsed.TotalSeconds < patience) continue;
                    End(error.Field == "url" ? new ConnectionException("the connection is lost") : error);
                    return false;
                }
            }
        }

        void Take(Message update)
        {
            if (update == null) return;
            if (update.N > 0)
            {
                if (update.N <= have) return;
                have = update.N;
                if (have % ConfirmEvery == 0) _ = Write(new Received { Upto = have });
            }
            arrived.Enqueue(update);
            string about = RefOf(update);
            if (string.IsNullOrEmpty(about)) return;
            bool last = update is Done || update is ErrorUpdate || update is Pong;
            Question question;
            lock (guard)
            {
                if (last) unanswered.RemoveAll(pair => pair.Key == about);
                if (!asked.TryGetValue(about, out question)) return;
                question.Updates.Add(update);
                if (!last) return;
                asked.Remove(about);
            }
            question.Answer.TrySetResult(question.Updates);
        }

        Task Write(Message message)
        {
            var frame = message is Pose pose ? Compact.EncodePose(pose) : null;
            return Write(frame ?? Bytes(message), frame == null);
        }

        async Task Write(byte[] data, bool text)
        {
            try
            {
                await transport.Send(data, text, stop.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (!(error is OutOfMemoryException))
            {
                // A broken connection shows where it is read; what has an id is sent again.
            }
        }

        void End(ConnectionException error)
        {
            List<Question> open;
            lock (guard)
            {
                if (State == ConnectionState.Closed && Failure != null) return;
                State = ConnectionState.Closed;
                Failure = error;
                open = new List<Question>(asked.Values);
                asked.Clear();
                unanswered.Clear();
            }
            foreach (var question in open) question.Answer.TrySetException(error);
        }

        /// <summary>Mesh frames as small differences, unless ordinary messages are wanted.</summary>
        static void AskForDifferences(Hello greeting)
        {
            var want = new List<string>(greeting.Want ?? new string[0]);
            if (want.Contains("plain") || want.Contains("delta")) return;
            want.Add("delta");
            greeting.Want = want.ToArray();
        }

        Message Parse(Frame frame)
        {
            if (!frame.Text) return Unpack(frame.Data);
            var json = JObject.Parse(Encoding.UTF8.GetString(frame.Data));
            // Updates of types that this client does not know are left out.
            Type kind;
            return Protocol.Updates.TryGetValue((string)json["type"] ?? "", out kind) ? (Message)json.ToObject(kind) : null;
        }

        /// <summary>A binary frame; null for one that this client does not know or cannot read.</summary>
        Message Unpack(byte[] data)
        {
            try
            {
                return MeshDecoder.Handles(data) ? meshes.Decode(data) : Compact.Decode(data);
            }
            catch (BaseException error)
            {
                _ = Write(new Ack { Target = error.Target, Frame = 0 }); // A whole one follows.
            }
            catch (FrameException)
            {
            }
            return null;
        }

        /// <summary>A response of Wit.ai, from the JSON that Meta's Voice SDK holds.</summary>
        public static WitResponse Wit(string json) => JsonConvert.DeserializeObject<WitResponse>(json);

        static byte[] Bytes(Message message) => Encoding.UTF8.GetBytes(JsonConvert.SerializeObject(message));

        static string IdOf(Message message) => message.GetType().GetField("Id")?.GetValue(message) as string;

        static string RefOf(Message message) => message.GetType().GetField("Ref")?.GetValue(message) as string;
    }
}
