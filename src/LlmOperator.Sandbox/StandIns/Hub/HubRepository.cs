using System.Security.Cryptography;
using System.Text;

namespace LlmOperator.Sandbox.StandIns.Hub;

/// <summary>A model repository at the stand-in hub. It may be changed while the hub runs.</summary>
public sealed class HubRepository
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, IReadOnlyList<HubFile>> _commits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _branches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _tags = new(StringComparer.Ordinal);

    internal HubRepository(string name) => Name = name;

    /// <summary>Owner and name.</summary>
    public string Name { get; }

    /// <summary>How access is asked for: auto or manual; null when the repository is open.</summary>
    public string? Gated { get; set; }

    /// <summary>Whether it is hidden from all without access.</summary>
    public bool Private { get; set; }

    /// <summary>Whether the hub has closed it.</summary>
    public bool Disabled { get; set; }

    /// <summary>Licence on the model's card.</summary>
    public string? License { get; set; }

    /// <summary>Elements of the tensors by type; null when the hub has not counted them.</summary>
    public IReadOnlyDictionary<string, long>? Parameters { get; set; }

    /// <summary>Accounts that may read it, where it is gated or private.</summary>
    public ISet<string> Readers { get; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Commits files to a branch, which comes into being or moves.</summary>
    /// <returns>The commit.</returns>
    public string Commit(string branch, params IReadOnlyList<HubFile> files)
    {
        lock (_gate)
        {
            var text = $"{Name} {_commits.Count} {string.Join(' ', files.Select(file => file.Sha256))}";
            var commit = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..40];
            _commits[commit] = files;
            _branches[branch] = commit;
            return commit;
        }
    }

    /// <summary>Gives the head of a branch a tag.</summary>
    public void Tag(string tag, string branch = "main")
    {
        lock (_gate)
        {
            _tags[tag] = _branches[branch];
        }
    }

    /// <summary>The head of a branch.</summary>
    public string Head(string branch = "main")
    {
        lock (_gate)
        {
            return _branches[branch];
        }
    }

    internal (string Commit, IReadOnlyList<HubFile> Files)? Find(string revision)
    {
        lock (_gate)
        {
            var commit = _branches.GetValueOrDefault(revision) ?? _tags.GetValueOrDefault(revision) ?? revision;
            return _commits.TryGetValue(commit, out var files) ? (commit, files) : null;
        }
    }

    internal (IReadOnlyList<KeyValuePair<string, string>> Branches, IReadOnlyList<KeyValuePair<string, string>> Tags) References()
    {
        lock (_gate)
        {
            return ([.. _branches], [.. _tags]);
        }
    }
}
