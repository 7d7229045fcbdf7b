using System;
using System.Collections.Generic;

namespace Showroom
{
    /// <summary>
    /// The moment to show of all that one sender's clock stamps, such as a body and what it wears.
    ///
    /// The delay between both clocks is the smallest seen lately, so that a late sample does not pull
    /// the picture back; some seconds of lag bridge jitter, more where samples come more rarely. No
    /// history is shown later than the newest sample of the others, or skin would leave its sleeve.
    /// </summary>
    public sealed class SenderClock
    {
        /// <summary>So many seconds earlier than what was shown, a sample is of a clock that began anew.</summary>
        public const double Anew = 5;

        /// <summary>So far apart, in seconds, samples are no longer of one movement: nobody waits for them.</summary>
        const double Pause = 0.15;

        /// <summary>What a sample lets go of the smallest delay, seconds: clocks drift.</summary>
        const double Drift = 0.0005;

        readonly Dictionary<object, double> newest = new Dictionary<object, double>();
        readonly double least;
        double lag;
        double offset = double.PositiveInfinity;
        double shown = double.NegativeInfinity;

        /// <param name="lag">The least lag, seconds.</param>
        public SenderClock(double lag = 0.03)
        {
            least = this.lag = lag;
        }

        /// <summary>A sample of <paramref name="time"/> has come for one of the histories.</summary>
        public void Hear(object of, double time, double now)
        {
            if (time < shown - Anew) Restart();
            offset = Math.Min(offset + Drift, now - time);
            double before;
            bool known = newest.TryGetValue(of, out before);
            newest[of] = time;
            if (!known) return;
            double age = now - offset - before; // of what was to be shown until now
            lag = Math.Max(Math.Max(least, age < Pause ? age : 0), lag - Drift);
        }

        /// <summary>The moment to show, by the sender's clock; never an earlier one than before.</summary>
        public double At(double now)
        {
            double moment = now - offset - lag;
            foreach (double last in newest.Values)
                if (moment - last < Pause) moment = Math.Min(moment, last);
            return shown = Math.Max(shown, moment);
        }

        /// <summary>One history has ended; the others do not wait for it.</summary>
        public void Forget(object of) => newest.Remove(of);

        /// <summary>The sender's clock began anew.</summary>
        public void Restart()
        {
            newest.Clear();
            offset = double.PositiveInfinity;
            shown = double.NegativeInfinity;
            lag = least;
        }
    }

    /// <summary>One clock for each person in the room; the visitor's own name is "".</summary>
    public sealed class Clocks
    {
        readonly Dictionary<string, SenderClock> all = new Dictionary<string, SenderClock>();

        public SenderClock Of(string who)
        {
            SenderClock clock;
            if (!all.TryGetValue(who, out clock)) all[who] = clock = new SenderClock();
            return clock;
        }

        /// <summary>The clock of whoever wears a product: a companion's begins with their name and "/".</summary>
        public SenderClock OfTarget(string target) => Of(target.Substring(0, Math.Max(0, target.IndexOf('/'))));
    }
}
