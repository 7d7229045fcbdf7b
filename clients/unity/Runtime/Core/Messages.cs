// Written by `python -m showroom.protocol.languages`; do not edit.
using System.Collections.Generic;
using Newtonsoft.Json;

namespace Showroom
{
    public static class Protocol
    {
        public const string Subprotocol = "showroom.v1";
        public const int Version = 1;

        /// <summary>VRM 1.0's humanoid bones, as compact frames number them.</summary>
        public static readonly string[] Bones =
        {
            "hips",
            "spine",
            "chest",
            "upperChest",
            "neck",
            "head",
            "leftEye",
            "rightEye",
            "jaw",
            "leftUpperLeg",
            "leftLowerLeg",
            "leftFoot",
            "leftToes",
            "rightUpperLeg",
            "rightLowerLeg",
            "rightFoot",
            "rightToes",
            "leftShoulder",
            "leftUpperArm",
            "leftLowerArm",
            "leftHand",
            "rightShoulder",
            "rightUpperArm",
            "rightLowerArm",
            "rightHand",
            "leftThumbMetacarpal",
            "leftThumbProximal",
            "leftThumbDistal",
            "leftIndexProximal",
            "leftIndexIntermediate",
            "leftIndexDistal",
            "leftMiddleProximal",
            "leftMiddleIntermediate",
            "leftMiddleDistal",
            "leftRingProximal",
            "leftRingIntermediate",
            "leftRingDistal",
            "leftLittleProximal",
            "leftLittleIntermediate",
            "leftLittleDistal",
            "rightThumbMetacarpal",
            "rightThumbProximal",
            "rightThumbDistal",
            "rightIndexProximal",
            "rightIndexIntermediate",
            "rightIndexDistal",
            "rightMiddleProximal",
            "rightMiddleIntermediate",
            "rightMiddleDistal",
            "rightRingProximal",
            "rightRingIntermediate",
            "rightRingDistal",
            "rightLittleProximal",
            "rightLittleIntermediate",
            "rightLittleDistal",
        };

        /// <summary>The classes of updates by their type on the wire.</summary>
        public static readonly Dictionary<string, System.Type> Updates =
            new Dictionary<string, System.Type>
        {
            ["welcome"] = typeof(Welcome),
            ["pong"] = typeof(Pong),
            ["room_shown"] = typeof(RoomShown),
            ["product_shown"] = typeof(ProductShown),
            ["product_changed"] = typeof(ProductChanged),
            ["product_removed"] = typeof(ProductRemoved),
            ["avatar_shown"] = typeof(AvatarShown),
            ["avatar_pose"] = typeof(AvatarPose),
            ["company"] = typeof(Company),
            ["mesh_frame"] = typeof(MeshFrame),
            ["fit_report"] = typeof(FitReport),
            ["fit_map"] = typeof(FitMap),
            ["reply"] = typeof(Reply),
            ["basket_shown"] = typeof(BasketShown),
            ["recommended"] = typeof(Recommended),
            ["intent"] = typeof(Heard),
            ["transcript"] = typeof(Transcript),
            ["speak"] = typeof(Speak),
            ["audio-chunk"] = typeof(AudioChunk),
            ["cancel"] = typeof(Cancel),
            ["upload_state"] = typeof(UploadState),
            ["progress"] = typeof(Progress),
            ["done"] = typeof(Done),
            ["error"] = typeof(ErrorUpdate),
        };
    }

    /// <summary>What all messages share.</summary>
    public abstract class Message
    {
        [JsonProperty("type", Order = -2)] public abstract string Type { get; }
        [JsonProperty("n")] public long N;
    }

    /// <summary>An intent that Wit.ai found, such as "wit$confirmation" or one of the app's own.</summary>
    public sealed class WitIntent
    {
        [JsonProperty("name", Required = Required.Always)] public string Name;
        [JsonProperty("confidence", NullValueHandling = NullValueHandling.Ignore)] public double Confidence;
    }

    /// <summary>Words of the sentence that Wit.ai resolved, such as "3 cm" to 3 "centimeter".</summary>
    public sealed class WitEntity
    {
        [JsonProperty("name", Required = Required.Always)] public string Name;
        [JsonProperty("role", NullValueHandling = NullValueHandling.Ignore)] public string Role;
        [JsonProperty("body", NullValueHandling = NullValueHandling.Ignore)] public string Body;
        [JsonProperty("value", NullValueHandling = NullValueHandling.Ignore)] public object Value;
        [JsonProperty("unit", NullValueHandling = NullValueHandling.Ignore)] public string Unit;
        [JsonProperty("confidence", NullValueHandling = NullValueHandling.Ignore)] public double Confidence;
        [JsonProperty("start", NullValueHandling = NullValueHandling.Ignore)] public long Start;
        [JsonProperty("end", NullValueHandling = NullValueHandling.Ignore)] public long End;
    }

    /// <summary>A trait of the whole sentence, such as a sentiment.</summary>
    public sealed class WitTrait
    {
        [JsonProperty("value", NullValueHandling = NullValueHandling.Ignore)] public object Value;
        [JsonProperty("confidence", NullValueHandling = NullValueHandling.Ignore)] public double Confidence;
    }

    /// <summary>What Wit.ai made of a sentence; intents best first, entities under "name:role".</summary>
    public sealed class WitResponse
    {
        [JsonProperty("text", NullValueHandling = NullValueHandling.Ignore)] public string Text;
        [JsonProperty("intents", NullValueHandling = NullValueHandling.Ignore)] public WitIntent[] Intents;
        [JsonProperty("entities", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, WitEntity[]> Entities;
        [JsonProperty("traits", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, WitTrait[]> Traits;
        [JsonProperty("is_final", NullValueHandling = NullValueHandling.Ignore)] public bool IsFinal = true;
        [JsonProperty("type", NullValueHandling = NullValueHandling.Ignore)] public string Type;
    }

    /// <summary>One number that a re-fit changed: parameter, unit, old and new value.</summary>
    public sealed class Change
    {
        [JsonProperty("name", Required = Required.Always)] public string Name;
        [JsonProperty("unit", Required = Required.Always)] public string Unit;
        [JsonProperty("old", Required = Required.Always)] public double Old;
        [JsonProperty("new", Required = Required.Always)] public double New;
    }

    /// <summary>One who is in the room; away while their connection is lost.</summary>
    public sealed class Companion
    {
        [JsonProperty("name", Required = Required.Always)] public string Name;
        [JsonProperty("away", NullValueHandling = NullValueHandling.Ignore)] public bool Away;
        [JsonProperty("may", NullValueHandling = NullValueHandling.Ignore)] public string May;
    }

    /// <summary>Fit of one body region: garment girth minus body girth (ease), metres.</summary>
    public sealed class RegionFit
    {
        [JsonProperty("region", Required = Required.Always)] public string Region;
        [JsonProperty("body", Required = Required.Always)] public double Body;
        [JsonProperty("garment", Required = Required.Always)] public double Garment;
        [JsonProperty("ease", Required = Required.Always)] public double Ease;
        [JsonProperty("verdict", Required = Required.Always)] public string Verdict;
        [JsonProperty("strain", NullValueHandling = NullValueHandling.Ignore)] public double? Strain;
        [JsonProperty("gap", NullValueHandling = NullValueHandling.Ignore)] public double? Gap;
        [JsonProperty("contact", NullValueHandling = NullValueHandling.Ignore)] public double? Contact;
    }

    /// <summary>One line of the basket; price of one piece as the shop wrote it, or "".</summary>
    public sealed class BasketLine
    {
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("name", Required = Required.Always)] public Dictionary<string, string> Name;
        [JsonProperty("count", Required = Required.Always)] public long Count;
        [JsonProperty("size", NullValueHandling = NullValueHandling.Ignore)] public string Size;
        [JsonProperty("color", NullValueHandling = NullValueHandling.Ignore)] public string Color;
        [JsonProperty("price", NullValueHandling = NullValueHandling.Ignore)] public string Price;
        [JsonProperty("currency", NullValueHandling = NullValueHandling.Ignore)] public string Currency;
    }

    /// <summary>One recommended product.</summary>
    public sealed class Suggestion
    {
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("name", Required = Required.Always)] public Dictionary<string, string> Name;
        [JsonProperty("because", NullValueHandling = NullValueHandling.Ignore)] public string Because;
        [JsonProperty("shared", NullValueHandling = NullValueHandling.Ignore)] public string Shared;
        [JsonProperty("reason", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, string> Reason;
    }

    /// <summary>The first message of a visit.</summary>
    public sealed class Hello : Message
    {
        public override string Type => "hello";
        [JsonProperty("version", NullValueHandling = NullValueHandling.Ignore)] public long Version = 1;
        [JsonProperty("client", NullValueHandling = NullValueHandling.Ignore)] public string Client;
        [JsonProperty("lang", NullValueHandling = NullValueHandling.Ignore)] public string Lang;
        [JsonProperty("want", NullValueHandling = NullValueHandling.Ignore)] public string[] Want;
        [JsonProperty("token", NullValueHandling = NullValueHandling.Ignore)] public string Token;
        [JsonProperty("resume", NullValueHandling = NullValueHandling.Ignore)] public string Resume;
        [JsonProperty("have", NullValueHandling = NullValueHandling.Ignore)] public long Have;
        [JsonProperty("watch", NullValueHandling = NullValueHandling.Ignore)] public string Watch;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>The visitor's body: height and, where known, tape measures (ISO 8559 names), metres.</summary>
    public sealed class Body : Message
    {
        public override string Type => "body";
        [JsonProperty("height", Required = Required.Always)] public double Height;
        [JsonProperty("gender", NullValueHandling = NullValueHandling.Ignore)] public string Gender;
        [JsonProperty("tape", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, double> Tape;
        [JsonProperty("weight_kg", NullValueHandling = NullValueHandling.Ignore)] public double? WeightKg;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>One frame of the headset and two controllers, in the play space.</summary>
    public sealed class Pose : Message
    {
        public override string Type => "pose";
        [JsonProperty("time", Required = Required.Always)] public double Time;
        [JsonProperty("head", Required = Required.Always)] public double[] Head;
        [JsonProperty("left", NullValueHandling = NullValueHandling.Ignore)] public double[] Left;
        [JsonProperty("right", NullValueHandling = NullValueHandling.Ignore)] public double[] Right;
        [JsonProperty("seq", NullValueHandling = NullValueHandling.Ignore)] public long Seq;
        [JsonProperty("joints", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, double[]> Joints;
        [JsonProperty("skeleton", NullValueHandling = NullValueHandling.Ignore)] public string Skeleton;
    }

    /// <summary>What the visitor said or typed; partial ones (is_final false) change nothing.</summary>
    public sealed class Utterance : Message
    {
        public override string Type => "utterance";
        [JsonProperty("id", Required = Required.Always)] public string Id;
        [JsonProperty("text", Required = Required.Always)] public string Text;
        [JsonProperty("lang", NullValueHandling = NullValueHandling.Ignore)] public string Lang;
        [JsonProperty("rev", NullValueHandling = NullValueHandling.Ignore)] public long Rev;
        [JsonProperty("is_final", NullValueHandling = NullValueHandling.Ignore)] public bool IsFinal = true;
        [JsonProperty("wit", NullValueHandling = NullValueHandling.Ignore)] public WitResponse Wit;
    }

    /// <summary>A resolved intent in SI units; also what a button sends.</summary>
    public sealed class Command : Message
    {
        public override string Type => "command";
        [JsonProperty("action", Required = Required.Always)] public string Action;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
        [JsonProperty("target", NullValueHandling = NullValueHandling.Ignore)] public string Target;
        [JsonProperty("part", NullValueHandling = NullValueHandling.Ignore)] public string Part;
        [JsonProperty("parameter", NullValueHandling = NullValueHandling.Ignore)] public string Parameter;
        [JsonProperty("delta", NullValueHandling = NullValueHandling.Ignore)] public double? Delta;
        [JsonProperty("value", NullValueHandling = NullValueHandling.Ignore)] public double? Value;
        [JsonProperty("factor", NullValueHandling = NullValueHandling.Ignore)] public double? Factor;
        [JsonProperty("direction", NullValueHandling = NullValueHandling.Ignore)] public string Direction;
        [JsonProperty("size", NullValueHandling = NullValueHandling.Ignore)] public string Size;
        [JsonProperty("size_step", NullValueHandling = NullValueHandling.Ignore)] public long SizeStep;
        [JsonProperty("color", NullValueHandling = NullValueHandling.Ignore)] public string Color;
        [JsonProperty("option", NullValueHandling = NullValueHandling.Ignore)] public string Option;
        [JsonProperty("near", NullValueHandling = NullValueHandling.Ignore)] public string Near;
        [JsonProperty("count", NullValueHandling = NullValueHandling.Ignore)] public long Count;
        [JsonProperty("material", NullValueHandling = NullValueHandling.Ignore)] public string Material;
        [JsonProperty("price_low", NullValueHandling = NullValueHandling.Ignore)] public double? PriceLow;
        [JsonProperty("price_high", NullValueHandling = NullValueHandling.Ignore)] public double? PriceHigh;
        [JsonProperty("at", NullValueHandling = NullValueHandling.Ignore)] public double[] At;
    }

    /// <summary>What the pointing ray hits: a product id, or "" for nothing.</summary>
    public sealed class Point : Message
    {
        public override string Type => "point";
        [JsonProperty("target", NullValueHandling = NullValueHandling.Ignore)] public string Target;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>The visitor's own room: a metric floor plan.</summary>
    public sealed class RoomPlan : Message
    {
        public override string Type => "room";
        [JsonProperty("outline", Required = Required.Always)] public double[][] Outline;
        [JsonProperty("height", NullValueHandling = NullValueHandling.Ignore)] public double Height = 2.6;
        [JsonProperty("openings", NullValueHandling = NullValueHandling.Ignore)] public string[][] Openings;
        [JsonProperty("obstacles", NullValueHandling = NullValueHandling.Ignore)] public double[][] Obstacles;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>Time passes: time in seconds, never going back.</summary>
    public sealed class Clock : Message
    {
        public override string Type => "clock";
        [JsonProperty("time", Required = Required.Always)] public double Time;
    }

    /// <summary>Shop together with others: see their avatars and what they wear, and be seen.</summary>
    public sealed class Join : Message
    {
        public override string Type => "join";
        [JsonProperty("room", NullValueHandling = NullValueHandling.Ignore)] public string Room;
        [JsonProperty("name", NullValueHandling = NullValueHandling.Ignore)] public string Name;
        [JsonProperty("guests", NullValueHandling = NullValueHandling.Ignore)] public string Guests;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>Leave the room that was joined; the visit goes on alone.</summary>
    public sealed class Leave : Message
    {
        public override string Type => "leave";
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>The host says what guests may do with what stands in the room.</summary>
    public sealed class Allow : Message
    {
        public override string Type => "allow";
        [JsonProperty("guests", Required = Required.Always)] public string Guests;
        [JsonProperty("who", NullValueHandling = NullValueHandling.Ignore)] public string Who;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>Send a photo in chunks, or go on with one that a break has cut off.</summary>
    public sealed class Upload : Message
    {
        public override string Type => "upload";
        [JsonProperty("size", Required = Required.Always)] public long Size;
        [JsonProperty("hash", Required = Required.Always)] public string Hash;
        [JsonProperty("what", NullValueHandling = NullValueHandling.Ignore)] public string What;
        [JsonProperty("consent", NullValueHandling = NullValueHandling.Ignore)] public bool Consent;
        [JsonProperty("height", NullValueHandling = NullValueHandling.Ignore)] public double? Height;
        [JsonProperty("gender", NullValueHandling = NullValueHandling.Ignore)] public string Gender;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>A piece of an upload, in order; crc is its CRC-32 (zlib's, RFC 1950's polynomial).</summary>
    public sealed class UploadChunk : Message
    {
        public override string Type => "upload_chunk";
        [JsonProperty("upload", Required = Required.Always)] public string Upload;
        [JsonProperty("offset", Required = Required.Always)] public long Offset;
        [JsonProperty("data", Required = Required.Always)] public byte[] Data;
        [JsonProperty("crc", Required = Required.Always)] public long Crc;
    }

    /// <summary>The microphone is open: chunks follow until :class:`AudioStop`.</summary>
    public sealed class AudioStart : Message
    {
        public override string Type => "audio-start";
        [JsonProperty("id", Required = Required.Always)] public string Id;
        [JsonProperty("rate", NullValueHandling = NullValueHandling.Ignore)] public long Rate = 16000;
        [JsonProperty("width", NullValueHandling = NullValueHandling.Ignore)] public long Width = 2;
        [JsonProperty("channels", NullValueHandling = NullValueHandling.Ignore)] public long Channels = 1;
        [JsonProperty("lang", NullValueHandling = NullValueHandling.Ignore)] public string Lang;
    }

    /// <summary>Samples of the microphone, or of a reply that is spoken; seq counts from 0.</summary>
    public sealed class AudioChunk : Message
    {
        public override string Type => "audio-chunk";
        [JsonProperty("data", Required = Required.Always)] public byte[] Data;
        [JsonProperty("seq", NullValueHandling = NullValueHandling.Ignore)] public long Seq;
    }

    /// <summary>No more chunks come: a push-to-talk button was let go. An open turn ends with it.</summary>
    public sealed class AudioStop : Message
    {
        public override string Type => "audio-stop";
    }

    /// <summary>The client has played, or stopped, the reply ref of a :class:`Speak`.</summary>
    public sealed class PlaybackFinished : Message
    {
        public override string Type => "playback-finished";
        [JsonProperty("ref", Required = Required.Always)] public string Ref;
    }

    /// <summary>From a client: what is being said is to be forgotten. From the server: stop playing ref.</summary>
    public sealed class Cancel : Message
    {
        public override string Type => "cancel";
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>Clock sync; answered by :class:`Pong` with the same time.</summary>
    public sealed class Ping : Message
    {
        public override string Type => "ping";
        [JsonProperty("time", Required = Required.Always)] public double Time;
        [JsonProperty("id", NullValueHandling = NullValueHandling.Ignore)] public string Id;
    }

    /// <summary>The client has shown mesh frame frame of target; returns one credit.</summary>
    public sealed class Ack : Message
    {
        public override string Type => "ack";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("frame", Required = Required.Always)] public long Frame;
    }

    /// <summary>All reliable updates up to upto have arrived; the server need not keep them.</summary>
    public sealed class Received : Message
    {
        public override string Type => "received";
        [JsonProperty("upto", Required = Required.Always)] public long Upto;
    }

    /// <summary>The visitor leaves; nothing of the visit is kept.</summary>
    public sealed class Bye : Message
    {
        public override string Type => "bye";
    }

    /// <summary>The visit is open, or goes on.</summary>
    public sealed class Welcome : Message
    {
        public override string Type => "welcome";
        [JsonProperty("visit", Required = Required.Always)] public string Visit;
        [JsonProperty("version", NullValueHandling = NullValueHandling.Ignore)] public long Version = 1;
        [JsonProperty("server", NullValueHandling = NullValueHandling.Ignore)] public string Server;
        [JsonProperty("capabilities", NullValueHandling = NullValueHandling.Ignore)] public string[] Capabilities;
        [JsonProperty("resume", NullValueHandling = NullValueHandling.Ignore)] public string Resume;
        [JsonProperty("resumed", NullValueHandling = NullValueHandling.Ignore)] public bool Resumed;
        [JsonProperty("hold", NullValueHandling = NullValueHandling.Ignore)] public double Hold;
        [JsonProperty("watch", NullValueHandling = NullValueHandling.Ignore)] public string Watch;
    }

    /// <summary>time from the ping, server_time in seconds of the server's clock.</summary>
    public sealed class Pong : Message
    {
        public override string Type => "pong";
        [JsonProperty("time", Required = Required.Always)] public double Time;
        [JsonProperty("server_time", Required = Required.Always)] public double ServerTime;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>The room that the visitor stands in: a scene's name and its floor plan.</summary>
    public sealed class RoomShown : Message
    {
        public override string Type => "room_shown";
        [JsonProperty("scene", Required = Required.Always)] public string Scene;
        [JsonProperty("outline", Required = Required.Always)] public double[][] Outline;
        [JsonProperty("height", Required = Required.Always)] public double Height;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>A product is to be seen: load the GLB by hash and put it at transform.</summary>
    public sealed class ProductShown : Message
    {
        public override string Type => "product_shown";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("glb", Required = Required.Always)] public string Glb;
        [JsonProperty("name", Required = Required.Always)] public Dictionary<string, string> Name;
        [JsonProperty("kind", Required = Required.Always)] public string Kind;
        [JsonProperty("category", Required = Required.Always)] public string Category;
        [JsonProperty("transform", Required = Required.Always)] public double[] Transform;
        [JsonProperty("worn", NullValueHandling = NullValueHandling.Ignore)] public bool Worn;
        [JsonProperty("size", NullValueHandling = NullValueHandling.Ignore)] public string Size;
        [JsonProperty("color", NullValueHandling = NullValueHandling.Ignore)] public string Color;
        [JsonProperty("values", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, double> Values;
        [JsonProperty("sizes", NullValueHandling = NullValueHandling.Ignore)] public string[] Sizes;
        [JsonProperty("colors", NullValueHandling = NullValueHandling.Ignore)] public string[] Colors;
        [JsonProperty("ranges", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, double[]> Ranges;
        [JsonProperty("price", NullValueHandling = NullValueHandling.Ignore)] public string Price;
        [JsonProperty("currency", NullValueHandling = NullValueHandling.Ignore)] public string Currency;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>A product was re-fitted, recoloured or moved.</summary>
    public sealed class ProductChanged : Message
    {
        public override string Type => "product_changed";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("changes", Required = Required.Always)] public Change[] Changes;
        [JsonProperty("transform", Required = Required.Always)] public double[] Transform;
        [JsonProperty("glb", NullValueHandling = NullValueHandling.Ignore)] public string Glb;
        [JsonProperty("size", NullValueHandling = NullValueHandling.Ignore)] public string Size;
        [JsonProperty("color", NullValueHandling = NullValueHandling.Ignore)] public string Color;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>A product left the room or the body.</summary>
    public sealed class ProductRemoved : Message
    {
        public override string Type => "product_removed";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>The visitor's avatar: a skinned GLB by hash, and its measures in metres (ISO 8559).</summary>
    public sealed class AvatarShown : Message
    {
        public override string Type => "avatar_shown";
        [JsonProperty("glb", Required = Required.Always)] public string Glb;
        [JsonProperty("height", Required = Required.Always)] public double Height;
        [JsonProperty("measures", Required = Required.Always)] public Dictionary<string, double> Measures;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
        [JsonProperty("who", NullValueHandling = NullValueHandling.Ignore)] public string Who;
    }

    /// <summary>The avatar's pose: root position and local bone rotations under VRM 1.0 names.</summary>
    public sealed class AvatarPose : Message
    {
        public override string Type => "avatar_pose";
        [JsonProperty("time", Required = Required.Always)] public double Time;
        [JsonProperty("root", Required = Required.Always)] public double[] Root;
        [JsonProperty("rotations", Required = Required.Always)] public Dictionary<string, double[]> Rotations;
        [JsonProperty("seq", NullValueHandling = NullValueHandling.Ignore)] public long Seq;
        [JsonProperty("who", NullValueHandling = NullValueHandling.Ignore)] public string Who;
    }

    /// <summary>Who is in the room, whenever that changes.</summary>
    public sealed class Company : Message
    {
        public override string Type => "company";
        [JsonProperty("room", Required = Required.Always)] public string Room;
        [JsonProperty("you", NullValueHandling = NullValueHandling.Ignore)] public string You;
        [JsonProperty("host", NullValueHandling = NullValueHandling.Ignore)] public string Host;
        [JsonProperty("may", NullValueHandling = NullValueHandling.Ignore)] public string May;
        [JsonProperty("companions", NullValueHandling = NullValueHandling.Ignore)] public Companion[] Companions;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>All vertices of one mesh in one frame (target is "avatar" or a product id).</summary>
    public sealed class MeshFrame : Message
    {
        public override string Type => "mesh_frame";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("glb", Required = Required.Always)] public string Glb;
        [JsonProperty("frame", Required = Required.Always)] public long Frame;
        [JsonProperty("time", Required = Required.Always)] public double Time;
        [JsonProperty("positions", Required = Required.Always)] public byte[] Positions;
    }

    /// <summary>How the worn garment fits this body.</summary>
    public sealed class FitReport : Message
    {
        public override string Type => "fit_report";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("size", Required = Required.Always)] public string Size;
        [JsonProperty("regions", Required = Required.Always)] public RegionFit[] Regions;
        [JsonProperty("recommended", Required = Required.Always)] public string Recommended;
        [JsonProperty("reason", Required = Required.Always)] public Dictionary<string, string> Reason;
        [JsonProperty("next_best", NullValueHandling = NullValueHandling.Ignore)] public string NextBest;
        [JsonProperty("confidence", NullValueHandling = NullValueHandling.Ignore)] public double Confidence;
        [JsonProperty("labels", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, string> Labels;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>The strain map of a worn garment at rest.</summary>
    public sealed class FitMap : Message
    {
        public override string Type => "fit_map";
        [JsonProperty("target", Required = Required.Always)] public string Target;
        [JsonProperty("glb", Required = Required.Always)] public string Glb;
        [JsonProperty("bands", Required = Required.Always)] public byte[] Bands;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>What to say to the visitor, in their language; choices when it is a question.</summary>
    public sealed class Reply : Message
    {
        public override string Type => "reply";
        [JsonProperty("text", Required = Required.Always)] public string Text;
        [JsonProperty("lang", Required = Required.Always)] public string Lang;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
        [JsonProperty("choices", NullValueHandling = NullValueHandling.Ignore)] public string[] Choices;
        [JsonProperty("sources", NullValueHandling = NullValueHandling.Ignore)] public string[] Sources;
    }

    /// <summary>All that is in the basket now.</summary>
    public sealed class BasketShown : Message
    {
        public override string Type => "basket_shown";
        [JsonProperty("lines", Required = Required.Always)] public BasketLine[] Lines;
        [JsonProperty("total", Required = Required.Always)] public Dictionary<string, string> Total;
        [JsonProperty("unpriced", NullValueHandling = NullValueHandling.Ignore)] public long Unpriced;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>Products that may please, best first.</summary>
    public sealed class Recommended : Message
    {
        public override string Type => "recommended";
        [JsonProperty("products", Required = Required.Always)] public Suggestion[] Products;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>How an utterance was understood, after Wit.ai's JSON plus resolved.</summary>
    public sealed class Heard : Message
    {
        public override string Type => "intent";
        [JsonProperty("utterance_id", Required = Required.Always)] public string UtteranceId;
        [JsonProperty("text", Required = Required.Always)] public string Text;
        [JsonProperty("lang", Required = Required.Always)] public string Lang;
        [JsonProperty("rev", Required = Required.Always)] public long Rev;
        [JsonProperty("is_final", Required = Required.Always)] public bool IsFinal;
        [JsonProperty("intents", Required = Required.Always)] public Dictionary<string, object>[] Intents;
        [JsonProperty("entities", Required = Required.Always)] public Dictionary<string, Dictionary<string, object>[]> Entities;
        [JsonProperty("resolved", NullValueHandling = NullValueHandling.Ignore)] public Dictionary<string, object>[] Resolved;
        [JsonProperty("clarify", NullValueHandling = NullValueHandling.Ignore)] public string Clarify;
    }

    /// <summary>What was heard of an utterance so far; the final one is carried out.</summary>
    public sealed class Transcript : Message
    {
        public override string Type => "transcript";
        [JsonProperty("utterance_id", Required = Required.Always)] public string UtteranceId;
        [JsonProperty("text", Required = Required.Always)] public string Text;
        [JsonProperty("lang", Required = Required.Always)] public string Lang;
        [JsonProperty("rev", Required = Required.Always)] public long Rev;
        [JsonProperty("is_final", Required = Required.Always)] public bool IsFinal;
        [JsonProperty("stability", NullValueHandling = NullValueHandling.Ignore)] public double Stability;
        [JsonProperty("confidence", NullValueHandling = NullValueHandling.Ignore)] public double Confidence;
        [JsonProperty("reason", NullValueHandling = NullValueHandling.Ignore)] public string Reason;
    }

    /// <summary>Say a reply aloud; answered by playback-finished with id as its ref.</summary>
    public sealed class Speak : Message
    {
        public override string Type => "speak";
        [JsonProperty("id", Required = Required.Always)] public string Id;
        [JsonProperty("text", Required = Required.Always)] public string Text;
        [JsonProperty("lang", Required = Required.Always)] public string Lang;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
        [JsonProperty("rate", NullValueHandling = NullValueHandling.Ignore)] public long Rate = 16000;
        [JsonProperty("width", NullValueHandling = NullValueHandling.Ignore)] public long Width = 2;
        [JsonProperty("channels", NullValueHandling = NullValueHandling.Ignore)] public long Channels = 1;
        [JsonProperty("samples", NullValueHandling = NullValueHandling.Ignore)] public long Samples;
    }

    /// <summary>How much of an upload has arrived.</summary>
    public sealed class UploadState : Message
    {
        public override string Type => "upload_state";
        [JsonProperty("received", Required = Required.Always)] public long Received;
        [JsonProperty("size", Required = Required.Always)] public long Size;
        [JsonProperty("wanted", NullValueHandling = NullValueHandling.Ignore)] public bool Wanted;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>Long work goes on: done of 0 to 1.</summary>
    public sealed class Progress : Message
    {
        public override string Type => "progress";
        [JsonProperty("task", Required = Required.Always)] public string Task;
        [JsonProperty("done", Required = Required.Always)] public double Done;
        [JsonProperty("text", NullValueHandling = NullValueHandling.Ignore)] public string Text;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

    /// <summary>Event ref is answered: no more updates come for it.</summary>
    public sealed class Done : Message
    {
        public override string Type => "done";
        [JsonProperty("ref", Required = Required.Always)] public string Ref;
    }

    /// <summary>Something was wrong with a message; the visit lives on.</summary>
    public sealed class ErrorUpdate : Message
    {
        public override string Type => "error";
        [JsonProperty("code", Required = Required.Always)] public string Code;
        [JsonProperty("message", Required = Required.Always)] public string Message;
        [JsonProperty("field", NullValueHandling = NullValueHandling.Ignore)] public string Field;
        [JsonProperty("expected", NullValueHandling = NullValueHandling.Ignore)] public string Expected;
        [JsonProperty("got", NullValueHandling = NullValueHandling.Ignore)] public string Got;
        [JsonProperty("ref", NullValueHandling = NullValueHandling.Ignore)] public string Ref;
    }

}
