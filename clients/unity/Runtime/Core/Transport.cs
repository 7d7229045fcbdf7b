using System;
using System.IO;
using System.Net.WebSockets;
using System.Threading;
using System.Threading.Tasks;

namespace Showroom
{
    /// <summary>A websocket as the connection needs it; WebGL builds bring their own.</summary>
    public interface ITransport : IDisposable
    {
        Task Open(Uri url, string subprotocol, CancellationToken stop);
        /// <summary>Send one frame; calls may overlap.</summary>
        Task Send(byte[] data, bool text, CancellationToken stop);
        /// <summary>The next frame; null once the connection is closed.</summary>
        Task<Frame> Receive(CancellationToken stop);
    }

    public sealed class Frame
    {
        public byte[] Data;
        public bool Text;
    }

    /// <summary>.NET's own websocket.</summary>
    public sealed class SocketTransport : ITransport
    {
        readonly ClientWebSocket socket = new ClientWebSocket();
        readonly SemaphoreSlim sending = new SemaphoreSlim(1, 1);
        readonly byte[] buffer = new byte[1 << 16];

        public Task Open(Uri url, string subprotocol, CancellationToken stop)
        {
            socket.Options.AddSubProtocol(subprotocol);
            return socket.ConnectAsync(url, stop);
        }

        public async Task Send(byte[] data, bool text, CancellationToken stop)
        {
            var kind = text ? WebSocketMessageType.Text : WebSocketMessageType.Binary;
            await sending.WaitAsync(stop).ConfigureAwait(false);
            try
            {
                await socket.SendAsync(new ArraySegment<byte>(data), kind, true, stop).ConfigureAwait(false);
            }
            finally
            {
                sending.Release();
            }
        }

        public async Task<Frame> Receive(CancellationToken stop)
        {
            var whole = new MemoryStream();
            WebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(new ArraySegment<byte>(buffer), stop).ConfigureAwait(false);
                if (part.MessageType == WebSocketMessageType.Close) return null;
                whole.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            return new Frame { Data = whole.ToArray(), Text = part.MessageType == WebSocketMessageType.Text };
        }

        public void Dispose() => socket.Dispose();
    }
}
