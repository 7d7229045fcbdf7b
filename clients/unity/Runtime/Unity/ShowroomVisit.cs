using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using UnityEngine;
using UnityEngine.Events;

namespace Showroom.Unity
{
    /// <summary>
    /// One visit: connects, streams the rig's pose, shows products and the avatar. Its transform is the
    /// play space's origin on the floor.
    /// </summary>
    public sealed class ShowroomVisit : MonoBehaviour
    {
        [Header("Where")]
        public string url = "ws://127.0.0.1:8765";
        [Tooltip("What the operator gave out, where the server asks for it.")]
        public string token = "";
        [Tooltip("en or zh")]
        public string language = "en";

        [Header("Who: tracked objects of the XR rig")]
        public Transform head;
        public Transform leftHand;
        public Transform rightHand;
        [Tooltip("Stature, metres; the avatar has it.")]
        public double height = 1.70;
        [Tooltip("Poses a second.")]
        public float rate = 72;

        [Header("What came")]
        public UnityEvent<string> onReply;
        public UnityEvent<string> onProblem;
        [Tooltip("What has been heard so far.")]
        public UnityEvent<string> onHeard;
        [Tooltip("A product was shown, changed or removed: its id.")]
        public UnityEvent<string> onProduct;

        /// <summary>Every update as it came, for whoever wants more.</summary>
        public event Action<Message> Arrived;

        readonly Dictionary<string, ProductShown> products = new Dictionary<string, ProductShown>();
        readonly Dictionary<string, GameObject> models = new Dictionary<string, GameObject>();
        readonly Dictionary<string, Garment> garments = new Dictionary<string, Garment>();
        Connection connection;
        Assets assets;
        readonly Dictionary<string, Figure> figures = new Dictionary<string, Figure>();
        readonly Clocks clocks = new Clocks(); // One for each person: skin stays in its sleeve.
        double sent;
        long seq;
        int number;
        uint chunk;

        /// <summary>An avatar: one's own under "", a companion's under their name.</summary>
        sealed class Figure
        {
            public string Glb;
            public GameObject Root;
            public Mannequin Mannequin;
        }

        public IReadOnlyDictionary<string, ProductShown> Products => products;
        /// <summary>Who is in the room; null while one is alone.</summary>
        public Company Company { get; private set; }
        public Connection Connection => connection;

        async void OnEnable()
        {
            assets = new Assets("http" + url.Substring(2), token);
            var hello = new Hello { Client = "unity/1", Lang = language, Token = token };
            connection = new Connection(url, hello);
            try
            {
                await connection.Open();
            }
            catch (ConnectionException error)
            {
                onProblem?.Invoke(error.Message);
            }
        }

        async void OnDisable()
        {
            var leaving = connection;
            connection = null;
            if (leaving != null) await leaving.Close();
        }

        /// <summary>What the visitor said or typed.</summary>
        public void Say(string text) => connection?.Send(new Utterance { Id = Fresh(), Text = text, Lang = language, IsFinal = true });

        /// <summary>What Wit.ai made of what the visitor said: its response as JSON.</summary>
        public void SayWit(string response) => connection?.Send(new Utterance { Id = Fresh(), Text = "", Lang = language, Wit = Connection.Wit(response) });

        /// <summary>What the visitor points at; "this one" means it. Empty: nothing.</summary>
        public void Point(string target) => connection?.Send(new Point { Target = target, Id = Fresh() });

        /// <summary>Whether the showroom hears, and this language. Else send text that the headset recognises.</summary>
        public bool CanHear =>
            connection != null && connection.State == ConnectionState.Open &&
            Array.IndexOf(connection.Welcome.Capabilities ?? new string[0], "hear-" + language) >= 0;

        /// <summary>The microphone is open; <see cref="PushToTalk"/> does it all.</summary>
        public void StartTalking()
        {
            chunk = 0;
            connection?.Send(new AudioStart { Id = Fresh(), Lang = language });
        }

        /// <summary>Its samples, from a <see cref="Chunker"/>.</summary>
        public void Hear(short[] samples) => connection?.Hear(chunk++, samples);

        /// <summary>No more come: an open turn ends.</summary>
        public void StopTalking() => connection?.Send(new AudioStop());

        public void TryOn(string target) => Do(new Command { Action = "try_on", Target = target });
        public void TakeOff() => Do(new Command { Action = "take_off" });
        public void SizeUp() => Do(new Command { Action = "set_size", SizeStep = 1 });
        public void SizeDown() => Do(new Command { Action = "set_size", SizeStep = -1 });
        public void Undo() => Do(new Command { Action = "undo" });

        /// <summary>Shop together: without a room's code one is opened; <see cref="Company"/> tells its code.</summary>
        /// <param name="guests">Of one who opens a room: "look", "move" or "change".</param>
        public void Join(string name, string room = "", string guests = "change") =>
            connection?.Send(new Join { Id = Fresh(), Name = name, Room = room, Guests = guests });

        /// <summary>The host says what guests may do, all of them or one by name.</summary>
        public void Allow(string guests, string who = "") => connection?.Send(new Allow { Id = Fresh(), Guests = guests, Who = who });

        /// <summary>Go on alone.</summary>
        public void LeaveRoom() => connection?.Send(new Leave { Id = Fresh() });

        /// <summary>Send a command; its id is filled in.</summary>
        public void Do(Command command)
        {
            command.Id = Fresh();
            connection?.Send(command);
        }

        /// <summary>The visitor's measures, ISO 8559 names, metres; they stay with the visit.</summary>
        public void SetBody(double stature, Dictionary<string, double> tape = null)
        {
            height = stature;
            connection?.Send(new Body { Id = Fresh(), Height = stature, Tape = tape });
        }

        void Update()
        {
            if (connection == null) return;
            double now = Time.realtimeSinceStartupAsDouble;
            Message update;
            while (connection != null && connection.TryTake(out update)) Take(update, now);
            if (connection == null) return;
            if (head != null && now - sent >= 1 / rate)
            {
                sent = now;
                connection.Send(new Pose
                {
                    Time = now,
                    Seq = ++seq,
                    Head = Convert.Seven(transform, head),
                    Left = Tracked(leftHand),
                    Right = Tracked(rightHand),
                });
            }
            foreach (var figure in figures.Values) figure.Mannequin?.Update(now);
            foreach (var garment in garments.Values) garment.Update(now);
        }

        double[] Tracked(Transform hand) =>
            hand != null && hand.gameObject.activeInHierarchy ? Convert.Seven(transform, hand) : null;

        void Take(Message update, double now)
        {
            Arrived?.Invoke(update);
            if (update is Welcome welcome)
            {
                if (!welcome.Resumed) Begin();
            }
            else if (update is ProductShown shown)
            {
                products[shown.Target] = shown;
                Load(shown.Target, shown.Glb);
                onProduct?.Invoke(shown.Target);
            }
            else if (update is ProductChanged changed) Change(changed);
            else if (update is ProductRemoved removed)
            {
                Remove(removed.Target);
                onProduct?.Invoke(removed.Target);
            }
            else if (update is AvatarShown avatar) LoadBody(avatar.Who ?? "", avatar.Glb);
            else if (update is AvatarPose pose)
            {
                Figure figure;
                if (figures.TryGetValue(pose.Who ?? "", out figure)) figure.Mannequin?.Take(pose, now);
            }
            else if (update is Vertices frame)
            {
                Garment garment;
                ProductShown worn;
                if (garments.TryGetValue(frame.Target, out garment) && products.TryGetValue(frame.Target, out worn) && worn.Glb == frame.Glb)
                    garment.Take(frame, now);
                connection.Shown(frame);
            }
            else if (update is Company company) Meet(company);
            else if (update is Transcript heard) onHeard?.Invoke(heard.Text ?? "");
            else if (update is Reply reply) onReply?.Invoke(reply.Text);
            else if (update is ErrorUpdate error)
            {
                if (error.Ref == null || !error.Ref.StartsWith("pose/")) onProblem?.Invoke(error.Message);
            }
        }

        /// <summary>A new visit: nothing is there yet.</summary>
        void Begin()
        {
            foreach (var target in new List<string>(products.Keys)) Remove(target);
            foreach (var who in new List<string>(figures.Keys)) Leave(who);
            Company = null;
            SetBody(height);
        }

        void Change(ProductChanged changed)
        {
            ProductShown product;
            if (!products.TryGetValue(changed.Target, out product)) return;
            Shown.Change(product, changed);
            if (!string.IsNullOrEmpty(changed.Glb)) Load(changed.Target, product.Glb);
            else Place(changed.Target);
            onProduct?.Invoke(changed.Target);
        }

        /// <summary>Who is in the room now; whoever is not, goes.</summary>
        void Meet(Company company)
        {
            Company = string.IsNullOrEmpty(company.Room) ? null : company;
            foreach (var target in models.Keys) Place(target);
            var there = new HashSet<string> { "" };
            foreach (var companion in company.Companions ?? new Companion[0]) there.Add(companion.Name);
            foreach (var who in new List<string>(figures.Keys)) if (!there.Contains(who)) Leave(who);
        }

        async void Load(string target, string glb)
        {
            var model = await assets.Load(glb, transform);
            ProductShown shown;
            if (model == null) return;
            if (!products.TryGetValue(target, out shown) || shown.Glb != glb)
            {
                Destroy(model); // Superseded while it was loading.
                return;
            }
            GameObject old;
            if (models.TryGetValue(target, out old)) Destroy(old);
            models[target] = model;
            Undress(target);
            Place(target);
            if (shown.Worn) garments[target] = new Garment(model, clocks.OfTarget(target));
        }

        void Place(string target)
        {
            GameObject model;
            if (!models.TryGetValue(target, out model)) return;
            var shown = products[target];
            // In somebody else's room one's own furniture is not to be seen.
            bool guest = Company != null && Company.Host != Company.You;
            model.SetActive(shown.Worn || !guest || target.IndexOf('/') >= 0);
            if (shown.Worn)
            {
                model.transform.localPosition = Vector3.zero;
                model.transform.localRotation = Convert.ModelTurn;
                return;
            }
            model.transform.localPosition = Convert.Position(shown.Transform);
            model.transform.localRotation = Convert.Rotation(shown.Transform) * Convert.ModelTurn;
        }

        void Remove(string target)
        {
            products.Remove(target);
            Undress(target);
            GameObject model;
            if (!models.TryGetValue(target, out model)) return;
            models.Remove(target);
            Destroy(model);
        }

        /// <summary>Its frames come no more: the body does not wait for them.</summary>
        void Undress(string target)
        {
            Garment garment;
            if (!garments.TryGetValue(target, out garment)) return;
            garments.Remove(target);
            garment.Clear();
        }

        async void LoadBody(string who, string glb)
        {
            Figure figure;
            if (!figures.TryGetValue(who, out figure)) figures[who] = figure = new Figure();
            figure.Glb = glb;
            var loaded = await assets.Load(glb, transform);
            if (loaded == null) return;
            Figure current;
            if (figure.Glb != glb || !figures.TryGetValue(who, out current) || current != figure)
            {
                Destroy(loaded); // Superseded, or gone, while it was loading.
                return;
            }
            if (figure.Root != null) Destroy(figure.Root);
            figure.Mannequin?.Clear();
            figure.Root = loaded;
            loaded.transform.localRotation = Convert.ModelTurn;
            figure.Mannequin = new Mannequin(loaded, transform, clocks.Of(who));
        }

        void Leave(string who)
        {
            var figure = figures[who];
            figures.Remove(who);
            figure.Mannequin?.Clear();
            if (figure.Root != null) Destroy(figure.Root);
        }

        string Fresh() => "unity-" + GetInstanceID() + "-" + ++number;
    }
}
