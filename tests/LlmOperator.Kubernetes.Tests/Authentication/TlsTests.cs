using System.Text;
using LlmOperator.Kubernetes.Client;
using LlmOperator.Kubernetes.Configuration;
using LlmOperator.Kubernetes.Objects;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Kubernetes.Tests.Authentication;

public sealed class TlsTests : IDisposable
{
    private readonly Authority _authority = new("cluster");
    private readonly Authority _other = new("another cluster");
    private readonly string _folder = Directory.CreateTempSubdirectory("tls").FullName;

    private static CancellationToken Guard => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _other.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_server_of_the_configured_authority_is_trusted_and_spoken_to_over_http2()
    {
        await using var server = await TlsServer.StartAsync(_authority.Server("localhost"), Guard);

        var labels = await LabelsAsync(Cluster(server, _authority) with { Token = "t" });

        Assert.Equal(("HTTP/2", "Bearer t", ""), (labels["protocol"], labels["token"], labels["client"]));
    }

    [Fact]
    public async Task A_server_of_another_authority_is_not_spoken_to()
    {
        await using var server = await TlsServer.StartAsync(_other.Server("localhost"), Guard);

        var fault = await Assert.ThrowsAsync<KubeApiException>(() => ReadAsync(Cluster(server, _authority)));

        Assert.Equal(KubeApiException.ConnectionFailed, fault.Reason);
        Assert.Contains("certificate", fault.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_bundle_with_only_an_intermediate_authority_trusts_what_it_signed_and_nothing_else()
    {
        using var intermediate = new Authority("intermediate", _authority);
        using var impostor = new Authority("intermediate", _authority);
        await using var server = await TlsServer.StartAsync(intermediate.Server("localhost"), Guard);

        Assert.NotEmpty(await LabelsAsync(Cluster(server, intermediate)));
        server.Certificate = impostor.Server("localhost");
        await Assert.ThrowsAsync<KubeApiException>(() => ReadAsync(Cluster(server, intermediate)));
        server.Certificate = intermediate.Server("elsewhere");
        await Assert.ThrowsAsync<KubeApiException>(() => ReadAsync(Cluster(server, intermediate)));
    }

    [Fact]
    public async Task A_server_of_another_name_is_spoken_to_only_when_that_name_is_configured()
    {
        await using var server = await TlsServer.StartAsync(_authority.Server("internal.example"), Guard);

        await Assert.ThrowsAsync<KubeApiException>(() => ReadAsync(Cluster(server, _authority)));
        Assert.NotEmpty(await LabelsAsync(Cluster(server, _authority) with { TlsServerName = "internal.example" }));
    }

    [Fact]
    public async Task Any_server_is_spoken_to_when_verification_is_switched_off()
    {
        await using var server = await TlsServer.StartAsync(_other.Server("elsewhere"), Guard);

        Assert.NotEmpty(await LabelsAsync(new ClusterConfiguration { Server = server.Url, InsecureSkipTlsVerify = true }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_certificate_with_an_rsa_or_ec_key_is_presented(bool rsa)
    {
        await using var server = await TlsServer.StartAsync(_authority.Server("localhost"), Guard);
        var (certificate, key) = _authority.Client("me", rsa);

        var labels = await LabelsAsync(Cluster(server, _authority) with { ClientCertificate = Inline(certificate), ClientKey = Inline(key) });

        Assert.Equal("CN=me", labels["client"]);
    }

    [Fact]
    public async Task Authorities_and_certificates_that_rotate_are_taken_up_within_a_minute_and_half_a_rotation_does_no_harm()
    {
        await using var server = await TlsServer.StartAsync(_authority.Server("localhost"), Guard);
        var clock = new ManualTimeProvider();
        var files = new Files(_folder);
        files.Write("ca.crt", _authority.Pem);
        files.Write("me.crt", _authority.Client("old"));
        using var client = new KubeClient(
            new ClusterConfiguration { Server = server.Url, CertificateAuthority = files.Source("ca.crt"), ClientCertificate = files.Source("me.crt"), ClientKey = files.Source("me.crt.key") },
            new KubeClientOptions { Time = clock });
        Assert.Equal("CN=old", await SubjectAsync(client));

        var renewed = _authority.Client("new");
        files.Write("me.crt", renewed.Certificate);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=old", await SubjectAsync(client));

        files.Write("me.crt", renewed);
        Assert.Equal("CN=old", await SubjectAsync(client));
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=new", await SubjectAsync(client));

        server.Certificate = _other.Server("localhost");
        files.Write("ca.crt", _other.Pem);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=new", await SubjectAsync(client));
    }

    [Theory]
    [InlineData("", "holds no PEM certificate")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "is not PEM")]
    public async Task An_authority_that_is_none_is_named(string pem, string says)
    {
        var fault = await Assert.ThrowsAsync<ClusterConfigurationException>(() => ReadAsync(new ClusterConfiguration
        {
            Server = new Uri("https://127.0.0.1:1"),
            CertificateAuthority = PemSource.FromData(Encoding.UTF8.GetBytes(pem), "config, clusters[0].cluster.certificate-authority-data"),
        }));

        Assert.Contains("config, clusters[0].cluster.certificate-authority-data", fault.Message, StringComparison.Ordinal);
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_file_that_is_away_is_named()
    {
        var fault = await Assert.ThrowsAsync<ClusterConfigurationException>(() => ReadAsync(new ClusterConfiguration
        {
            Server = new Uri("https://127.0.0.1:1"),
            CertificateAuthority = PemSource.FromFile("/nowhere/ca.crt", "config, certificate-authority"),
        }));

        Assert.Contains("config, certificate-authority: cannot read /nowhere/ca.crt", fault.Message, StringComparison.Ordinal);
    }

    private static ClusterConfiguration Cluster(TlsServer server, Authority authority) =>
        new() { Server = server.Url, CertificateAuthority = Inline(authority.Pem) };

    private static PemSource Inline(string pem) => PemSource.FromData(Encoding.UTF8.GetBytes(pem), "test");

    private static async Task<IReadOnlyDictionary<string, string>> LabelsAsync(ClusterConfiguration cluster)
    {
        using var client = new KubeClient(cluster);
        return (await client.GetAsync<Node>(new(null, "n"), Guard))!.Metadata.Labels!;
    }

    private static async Task<string> SubjectAsync(KubeClient client) => (await client.GetAsync<Node>(new(null, "n"), Guard))!.Metadata.Labels!["client"];

    private static async Task ReadAsync(ClusterConfiguration cluster)
    {
        using var client = new KubeClient(cluster);
        await client.GetAsync<Node>(new(null, "n"), Guard);
    }

    /// <summary>Files whose time of writing always moves, however fast the test.</summary>
    private sealed class Files(string folder)
    {
        private DateTime _stamp = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        public PemSource Source(string name) => PemSource.FromFile(Path.Combine(folder, name), name);

        public void Write(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            File.SetLastWriteTimeUtc(Path.Combine(folder, name), _stamp = _stamp.AddSeconds(1));
        }

        public void Write(string name, (string Certificate, string Key) pair)
        {
            Write(name, pair.Certificate);
            Write(name + ".key", pair.Key);
        }
    }
}
