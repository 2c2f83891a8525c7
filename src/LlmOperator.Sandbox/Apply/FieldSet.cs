using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.Apply;

/// <summary>
/// A set of fields of an object: a tree of path elements, each of which may be a member itself, have members below it, or both.
/// Operations make new sets and share subtrees; only <see cref="Insert"/> changes one, and only while it is being built.
/// </summary>
internal sealed class FieldSet : IEquatable<FieldSet>
{
    private readonly List<Node> _nodes;

    /// <summary>An empty set.</summary>
    public FieldSet()
        : this([])
    {
    }

    private FieldSet(List<Node> nodes) => _nodes = nodes;

    /// <summary>One step: whether it is in the set, and what is below it.</summary>
    public readonly record struct Node(PathElement Element, bool IsMember, FieldSet? Children);

    /// <summary>Steps at this level, in canonical order.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Whether nothing is in the set.</summary>
    public bool IsEmpty => _nodes.Count == 0 || !_nodes.Exists(node => node.IsMember || node.Children is { IsEmpty: false });

    /// <summary>A set of steps in any order; of equal ones the first counts.</summary>
    public static FieldSet Of(List<Node> nodes)
    {
        nodes.Sort(static (left, right) => left.Element.CompareTo(right.Element));
        var count = 0;
        for (var index = 0; index < nodes.Count; index++)
        {
            if (count == 0 || !nodes[count - 1].Element.Equals(nodes[index].Element))
            {
                nodes[count++] = nodes[index];
            }
        }

        nodes.RemoveRange(count, nodes.Count - count);
        return new FieldSet(nodes);
    }

    /// <summary>Reads <c>fieldsV1</c>; steps of unknown kinds are left out.</summary>
    public static FieldSet FromJson(JsonObject json) => Read(json).Children ?? new FieldSet();

    /// <summary>The <c>fieldsV1</c> form.</summary>
    public JsonObject ToJson() => Write(isMember: false);

    /// <summary>Adds a path. Its parents are not added.</summary>
    public void Insert(ReadOnlySpan<PathElement> path)
    {
        if (path.IsEmpty)
        {
            return;
        }

        var at = Search(path[0]);
        if (at < 0)
        {
            at = ~at;
            _nodes.Insert(at, new Node(path[0], false, null));
        }

        var node = _nodes[at];
        if (path.Length == 1)
        {
            _nodes[at] = node with { IsMember = true };
            return;
        }

        var children = node.Children;
        if (children is null)
        {
            children = new FieldSet();
            _nodes[at] = node with { Children = children };
        }

        children.Insert(path[1..]);
    }

    /// <summary>Whether a step at this level is in the set.</summary>
    public bool HasMember(PathElement element) => Search(element) is >= 0 and var at && _nodes[at].IsMember;

    /// <summary>What is in the set below a step; null when nothing is.</summary>
    public FieldSet? Below(PathElement element) => Search(element) is >= 0 and var at ? _nodes[at].Children : null;

    /// <summary>Whether a path is in the set.</summary>
    public bool Has(ReadOnlySpan<PathElement> path) => path.Length switch
    {
        0 => false,
        1 => HasMember(path[0]),
        _ => Below(path[0])?.Has(path[1..]) ?? false,
    };

    /// <summary>What is in either.</summary>
    public FieldSet Union(FieldSet other)
    {
        if (other._nodes.Count == 0)
        {
            return this;
        }

        if (_nodes.Count == 0)
        {
            return other;
        }

        var result = new List<Node>(Math.Max(_nodes.Count, other._nodes.Count));
        int i = 0, j = 0;
        while (i < _nodes.Count || j < other._nodes.Count)
        {
            var order = i == _nodes.Count ? 1 : j == other._nodes.Count ? -1 : _nodes[i].Element.CompareTo(other._nodes[j].Element);
            switch (order)
            {
                case < 0:
                    result.Add(_nodes[i++]);
                    break;
                case > 0:
                    result.Add(other._nodes[j++]);
                    break;
                default:
                    var (left, right) = (_nodes[i++], other._nodes[j++]);
                    var children = left.Children is null ? right.Children : right.Children is null ? left.Children : left.Children.Union(right.Children);
                    result.Add(new Node(left.Element, left.IsMember || right.IsMember, children));
                    break;
            }
        }

        return new FieldSet(result);
    }

    /// <summary>What is in both.</summary>
    public FieldSet Intersection(FieldSet other)
    {
        var result = new List<Node>();
        int i = 0, j = 0;
        while (i < _nodes.Count && j < other._nodes.Count)
        {
            var order = _nodes[i].Element.CompareTo(other._nodes[j].Element);
            if (order < 0)
            {
                i++;
            }
            else if (order > 0)
            {
                j++;
            }
            else
            {
                var (left, right) = (_nodes[i++], other._nodes[j++]);
                Append(result, left.Element, left.IsMember && right.IsMember, left.Children is null || right.Children is null ? null : left.Children.Intersection(right.Children));
            }
        }

        return new FieldSet(result);
    }

    /// <summary>What is in this set and not in the other.</summary>
    public FieldSet Difference(FieldSet other) => Subtract(other, recursive: false);

    /// <summary>What is in this set and neither in the other nor below anything that is in it.</summary>
    public FieldSet RecursiveDifference(FieldSet other) => Subtract(other, recursive: true);

    /// <summary>What passes a filter of first steps.</summary>
    public FieldSet Where(Func<PathElement, bool> keep) => _nodes.TrueForAll(node => keep(node.Element)) ? this : new FieldSet(_nodes.FindAll(node => keep(node.Element)));

    /// <summary>This set with steps of this level changed; null drops one.</summary>
    public FieldSet Select(Func<Node, Node?> map)
    {
        var result = new List<Node>(_nodes.Count);
        foreach (var node in _nodes)
        {
            if (map(node) is { } mapped)
            {
                Append(result, mapped.Element, mapped.IsMember, mapped.Children);
            }
        }

        return new FieldSet(result);
    }

    /// <summary>All paths, parents first, in canonical order; the array is the caller's.</summary>
    public IEnumerable<PathElement[]> Paths() => Paths([]);

    /// <inheritdoc/>
    public bool Equals(FieldSet? other)
    {
        if (other is null || other._nodes.Count != _nodes.Count)
        {
            return false;
        }

        for (var index = 0; index < _nodes.Count; index++)
        {
            var (left, right) = (_nodes[index], other._nodes[index]);
            if (left.IsMember != right.IsMember || !left.Element.Equals(right.Element) || !(left.Children is null ? right.Children is null : left.Children.Equals(right.Children)))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as FieldSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _nodes.Count == 0 ? 0 : HashCode.Combine(_nodes.Count, _nodes[0].Element);

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', Paths().Select(path => string.Concat(path.Select(element => element.ToString()))));

    private FieldSet Subtract(FieldSet other, bool recursive)
    {
        if (other._nodes.Count == 0)
        {
            return this;
        }

        var result = new List<Node>(_nodes.Count);
        var j = 0;
        foreach (var node in _nodes)
        {
            while (j < other._nodes.Count && other._nodes[j].Element.CompareTo(node.Element) < 0)
            {
                j++;
            }

            if (j == other._nodes.Count || !other._nodes[j].Element.Equals(node.Element))
            {
                result.Add(node);
                continue;
            }

            var gone = other._nodes[j];
            var children = recursive && gone.IsMember ? null
                : node.Children is null || gone.Children is null ? node.Children
                : node.Children.Subtract(gone.Children, recursive);
            Append(result, node.Element, node.IsMember && !gone.IsMember, children);
        }

        return new FieldSet(result);
    }

    private static void Append(List<Node> nodes, PathElement element, bool isMember, FieldSet? children)
    {
        children = children is { _nodes.Count: 0 } ? null : children;
        if (isMember || children is not null)
        {
            nodes.Add(new Node(element, isMember, children));
        }
    }

    private int Search(PathElement element)
    {
        int low = 0, high = _nodes.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) >> 1;
            var order = _nodes[middle].Element.CompareTo(element);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    private IEnumerable<PathElement[]> Paths(PathElement[] prefix)
    {
        foreach (var node in _nodes)
        {
            PathElement[] path = [.. prefix, node.Element];
            if (node.IsMember)
            {
                yield return path;
            }

            if (node.Children is not null)
            {
                foreach (var below in node.Children.Paths(path))
                {
                    yield return below;
                }
            }
        }
    }

    private JsonObject Write(bool isMember)
    {
        var json = new JsonObject();
        if (isMember && _nodes.Count > 0)
        {
            json["."] = new JsonObject();
        }

        foreach (var node in _nodes)
        {
            json[node.Element.ToFieldsV1()] = node.Children is null ? new JsonObject() : node.Children.Write(node.IsMember);
        }

        return json;
    }

    private static (bool IsMember, FieldSet? Children) Read(JsonObject json)
    {
        FieldSet? children = null;
        var isMember = false;
        foreach (var (key, value) in json)
        {
            if (key == ".")
            {
                isMember = true;
                continue;
            }

            if (value is not JsonObject below || !PathElement.TryParse(key, out var element))
            {
                continue;
            }

            var node = Read(below);
            children ??= new FieldSet();
            var at = children.Search(element);
            if (at >= 0)
            {
                children._nodes[at] = new Node(element, node.IsMember, node.Children);
            }
            else
            {
                children._nodes.Insert(~at, new Node(element, node.IsMember, node.Children));
            }
        }

        return (isMember || children is null, children);
    }
}
