using FsCheck;
using FsCheck.Fluent;
using LlmOperator.Kubernetes.Queues;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Queues;

/// <summary>Random sequences against a model that is slow, obvious and without any of the queue's structures.</summary>
public sealed class WorkQueueModelTests
{
    [Fact]
    public void Any_sequence_of_operations_does_what_the_model_does()
    {
        var step = from kind in Gen.Choose(0, 5)
                   from key in Gen.Choose(0, 4)
                   from amount in Gen.Choose(0, 6)
                   select (Kind: kind, Key: key, Amount: amount);
        var runs = Gen.ListOf(step, 60).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), Prop.ForAll(runs, steps => Agree(steps)));
    }

    private static bool Agree(IEnumerable<(int Kind, int Key, int Amount)> steps)
    {
        var clock = new ManualTimeProvider();
        using var queue = new WorkQueue(clock);
        var model = new Model();
        foreach (var (kind, number, amount) in steps)
        {
            var key = new ObjectKey("ns", $"k{number}");
            switch (kind)
            {
                case 0 or 1:
                    queue.Add(key, -amount);
                    model.Add(key, -amount, 0);
                    break;
                case 2:
                    queue.AddAfter(key, TimeSpan.FromSeconds(amount), 0);
                    model.Add(key, 0, amount);
                    break;
                case 3 when model.Ready.Any():
                    var next = queue.GetAsync().AsTask();
                    if (!next.IsCompletedSuccessfully || next.Result!.Value.Key != model.Take())
                    {
                        return false;
                    }

                    break;
                case 4 when model.Held.Count > 0:
                    var done = model.Held.Order(Comparer<ObjectKey>.Create((a, b) => string.CompareOrdinal(a.Name, b.Name))).ElementAt(amount % model.Held.Count);
                    queue.Done(done);
                    model.Done(done);
                    break;
                case 5:
                    for (var second = 0; second < amount; second++)
                    {
                        clock.Advance(TimeSpan.FromSeconds(1));
                        model.Tick();
                    }

                    break;
                default:
                    break;
            }

            if (queue.Count != model.Ready.Count())
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Model
    {
        // A pending key has the second from which it may run; while that is ahead it waits.
        private readonly Dictionary<ObjectKey, (int Priority, int At, int Arrival, int Waited)> _pending = [];
        private int _now;
        private int _arrivals;

        public HashSet<ObjectKey> Held { get; } = [];

        public IEnumerable<ObjectKey> Ready => _pending.Where(pair => pair.Value.At <= _now && !Held.Contains(pair.Key))
            .OrderByDescending(pair => pair.Value.Priority).ThenBy(pair => pair.Value.Arrival).Select(pair => pair.Key);

        public void Add(ObjectKey key, int priority, int delay)
        {
            var at = _now + delay;
            if (!_pending.TryGetValue(key, out var old))
            {
                _pending[key] = (priority, at, delay == 0 ? _arrivals++ : 0, _arrivals++);
                return;
            }

            var higher = Math.Max(priority, old.Priority);
            if (old.At <= _now || at >= old.At)
            {
                _pending[key] = old with { Priority = higher };
            }
            else
            {
                _pending[key] = (higher, at, delay == 0 ? _arrivals++ : 0, _arrivals++);
            }
        }

        public ObjectKey Take()
        {
            var key = Ready.First();
            _pending.Remove(key);
            Held.Add(key);
            return key;
        }

        public void Done(ObjectKey key) => Held.Remove(key);

        public void Tick()
        {
            _now++;
            foreach (var (key, value) in _pending.Where(pair => pair.Value.At == _now).OrderBy(pair => pair.Value.Waited).ToList())
            {
                _pending[key] = value with { Arrival = _arrivals++ };
            }
        }
    }
}
