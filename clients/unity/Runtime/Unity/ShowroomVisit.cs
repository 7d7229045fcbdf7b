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
        [Tooltip("A product was shown, changed or removed: its id.")]
        public UnityEvent<string> onProduct;

        /// <summary>Every update as it came, for whoever wants more.</summary>
        public event Action<Message> Arrived;

        readonly Dictionary<string, ProductShown> products = new Dictionary<string, ProductShown>();
        readonly Dictionary<string, GameObject> models = new Dictionary<string, GameObject>();
        readonly Dictionary<string, Garment> garments = new Dictionary<string, Garment>();
        Connection connection;
        Assets assets;
        GameObject body;
        Mannequin mannequin;
        string bodyHash = "";
        double sent;
        long seq;
        int number;

        public IReadOnlyDictionary<string, ProductShown> Products => products;
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

        /// <summary>What the visitor points at; "this one" means it. Empty: nothing.</summary>
        public void Point(string target) => connection?.Send(new Point { Target = target, Id = Fresh() });

        public void TryOn(string target) => Do(new Command { Action = "try_on", Target = target });
        public void TakeOff() => Do(new Command { Action = "take_off" });
        public void SizeUp() => Do(new Command { Action = "set_size", SizeStep = 1 });
        public void SizeDown() => Do(new Command { Action = "set_size", SizeStep = -1 });
        public void Undo() => Do(new Command { Action = "undo" });

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
            mannequin?.Update(now);
            foreach (var garment in garments.Values) garment.Update(now);
        }

        double[] Tracked(Transform hand) =>
            hand != null && hand.gameObject.activeInHierarchy ? Convert.Seven(transform, hand) : null;

        void Take(Message update, double now)
        {
            Arrived?.Invoke(update);
            switch (update)
            {
                case Welcome welcome when !welcome.Resumed:
                    foreach (var target in new List<string>(products.Keys)) Remove(target);
                    SetBody(height);
                    break;
                case ProductShown shown:
                    products[shown.Target] = shown;
                    Load(shown.Target, shown.Glb);
                    onProduct?.Invoke(shown.Target);
                    break;
                case ProductChanged changed when products.ContainsKey(changed.Target):
                    var product = products[changed.Target];
                    product.Transform = changed.Transform;
                    product.Size = changed.Size;
                    product.Color = changed.Color;
                    foreach (var change in changed.Changes) if (product.Values != null) product.Values[change.Name] = change.New;
                    if (!string.IsNullOrEmpty(changed.Glb)) Load(changed.Target, product.Glb = changed.Glb);
                    else Place(changed.Target);
                    onProduct?.Invoke(changed.Target);
                    break;
                case ProductRemoved removed:
                    Remove(removed.Target);
                    onProduct?.Invoke(removed.Target);
                    break;
                case AvatarShown avatar:
                    LoadBody(avatar.Glb);
                    break;
                case AvatarPose pose:
                    mannequin?.Take(pose, now);
                    break;
                case Vertices frame:
                    Garment garment;
                    ProductShown worn;
                    if (garments.TryGetValue(frame.Target, out garment) && products.TryGetValue(frame.Target, out worn) && worn.Glb == frame.Glb)
                        garment.Take(frame, now);
                    connection.Shown(frame);
                    break;
                case Reply reply:
                    onReply?.Invoke(reply.Text);
                    break;
                case ErrorUpdate error when error.Ref == null || !error.Ref.StartsWith("pose/"):
                    onProblem?.Invoke(error.Message);
                    break;
            }
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
            garments.Remove(target);
            Place(target);
            if (shown.Worn) garments[target] = new Garment(model);
        }

        void Place(string target)
        {
            GameObject model;
            if (!models.TryGetValue(target, out model)) return;
            var shown = products[target];
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
            garments.Remove(target);
            GameObject model;
            if (!models.TryGetValue(target, out model)) return;
            models.Remove(target);
            Destroy(model);
        }

        async void LoadBody(string glb)
        {
            bodyHash = glb;
            var loaded = await assets.Load(glb, transform);
            if (loaded == null || bodyHash != glb)
            {
                if (loaded != null) Destroy(loaded);
                return;
            }
            if (body != null) Destroy(body);
            body = loaded;
            body.transform.localRotation = Convert.ModelTurn;
            mannequin = new Mannequin(body, transform);
        }

        string Fresh() => "unity-" + GetInstanceID() + "-" + ++number;
    }
}
