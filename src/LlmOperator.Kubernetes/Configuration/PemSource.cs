namespace LlmOperator.Kubernetes.Configuration;

/// <summary>PEM text given inline or by file. A file is read again when it changes, so that rotated certificates are taken up.</summary>
public sealed class PemSource
{
    private readonly byte[]? _data;

    private PemSource(byte[]? data, string? file, string origin)
    {
        _data = data;
        File = file;
        Origin = origin;
    }

    /// <summary>Path of the file; null for inline data.</summary>
    public string? File { get; }

    /// <summary>Where it was configured, for error messages.</summary>
    public string Origin { get; }

    /// <summary>PEM text given inline.</summary>
    /// <param name="data">UTF-8 PEM text.</param>
    /// <param name="origin">Where it was configured, for error messages.</param>
    public static PemSource FromData(byte[] data, string origin) => new(data, null, origin);

    /// <summary>PEM text in a file.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="origin">Where it was configured, for error messages.</param>
    public static PemSource FromFile(string path, string origin) => new(null, path, origin);

    /// <summary>The text as it is now.</summary>
    /// <exception cref="ClusterConfigurationException">The file cannot be read.</exception>
    public byte[] Read()
    {
        if (_data is not null)
        {
            return _data;
        }

        try
        {
            return System.IO.File.ReadAllBytes(File!);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ClusterConfigurationException($"{Origin}: cannot read {File}: {fault.Message}", fault);
        }
    }

    /// <summary>Changes when the file was written; constant for inline data.</summary>
    internal DateTime Stamp => File is null ? default : System.IO.File.GetLastWriteTimeUtc(File);
}
