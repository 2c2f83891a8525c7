using LlmOperator.Configuration;
using LlmOperator.Planning.Admission;
using Microsoft.Extensions.Logging;
using Xunit;

namespace LlmOperator.Tests;

public sealed class OptionsReaderTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"llm-operator-{Guid.NewGuid():N}.yaml");

    [Fact]
    public void Everything_has_a_default()
    {
        var options = Read();

        Assert.Equal(":8080", options.MetricsBindAddress!.ToString());
        Assert.Equal(":8081", options.HealthProbeBindAddress!.ToString());
        Assert.Equal((4, false, null, LogLevel.Information), (options.Workers, options.LeaderElect, options.Namespace, options.LogLevel));
        Assert.NotEmpty(options.Accelerators.Classes);
    }

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        File.WriteAllText(_file, "workers: 1\nnamespace: from-file\nleaderElect: true\nlogLevel: debug\n");

        var options = OptionsReader.Read(
            setting => setting == Setting.Workers ? "3" : null,
            variable => variable switch { "LLM_OPERATOR__WORKERS" => "2", "LLM_OPERATOR__NAMESPACE" => "from-environment", _ => null },
            _file);

        Assert.Equal((3, "from-environment", true, LogLevel.Debug), (options.Workers, options.Namespace, options.LeaderElect, options.LogLevel));
    }

    [Theory]
    [InlineData(null, null, "https://huggingface.co/")]
    [InlineData(null, "https://mirror.example/hf", "https://mirror.example/hf")]
    [InlineData("http://own.example", "https://mirror.example", "http://own.example/")]
    public void The_hub_is_the_one_set_for_the_operator_or_the_one_all_its_clients_use(string? own, string? common, string expected)
    {
        var options = OptionsReader.Read(
            _ => null, variable => variable switch { "LLM_OPERATOR__HUGGING_FACE_ENDPOINT" => own, "HF_ENDPOINT" => common, _ => null }, file: null);

        Assert.Equal(new Uri(expected), options.Registries.HuggingFaceEndpoint);
    }

    [Fact]
    public void Images_and_the_receiver_of_the_data_path_may_be_others_and_there_may_be_no_gateway()
    {
        var defaults = Read().DataPath;
        Assert.Matches("^ghcr.io/llm-operator/prompt-trace:[0-9.]+$", defaults.PromptTraceImage);
        Assert.Matches("^ghcr.io/llm-operator/gateway:[0-9.]+$", defaults.GatewayImage);
        Assert.Equal((true, 2, null), (defaults.Gateway, defaults.GatewayReplicas, defaults.TraceEndpoint));

        var options = OptionsReader.Read(
            setting => setting == Setting.PromptTraceImage ? "a:1" : setting == Setting.GatewayImage ? "b:1" : setting == Setting.Gateway ? "false" : setting == Setting.GatewayReplicas ? "3" : setting == Setting.TraceEndpoint ? "http://collector:4318" : null,
            _ => null,
            file: null).DataPath;

        Assert.Equal(("a:1", "b:1", false, 3, new Uri("http://collector:4318")), (options.PromptTraceImage, options.GatewayImage, options.Gateway, options.GatewayReplicas, options.TraceEndpoint));
    }

    [Fact]
    public void Qdrant_may_come_from_a_mirror_and_its_monitors_may_have_labels()
    {
        Assert.Equal(("docker.io/qdrant/qdrant", null), (Read().Qdrant.ImageRepository, Read().Qdrant.ServiceMonitorLabels));

        var options = OptionsReader.Read(
            _ => null, variable => variable switch { "LLM_OPERATOR__QDRANT_IMAGE" => "mirror.example:5000/hub/qdrant", "LLM_OPERATOR__SERVICE_MONITOR_LABELS" => "release=prometheus, team.example/name=sre,empty=", _ => null }, file: null).Qdrant;

        Assert.Equal("mirror.example:5000/hub/qdrant", options.ImageRepository);
        Assert.Equal([("empty", ""), ("release", "prometheus"), ("team.example/name", "sre")], options.ServiceMonitorLabels!.OrderBy(label => label.Key).Select(label => (label.Key, label.Value)));
    }

    [Theory]
    [InlineData("--qdrant-image", "mirror.example/qdrant:v1.19.0", "must be an image without tag and digest")]
    [InlineData("--qdrant-image", "mirror.example/qdrant@sha256:00", "must be an image without tag and digest")]
    [InlineData("--qdrant-image", "https://mirror.example/qdrant", "must be an image without tag and digest")]
    [InlineData("--service-monitor-labels", "release", "\"release\" is none")]
    [InlineData("--service-monitor-labels", "a=b,-c=d", "\"-c=d\" is none")]
    [InlineData("--service-monitor-labels", "a=b c", "\"a=b c\" is none")]
    public void An_image_with_a_tag_and_what_is_no_label_are_refused(string option, string text, string problem) =>
        Assert.Contains(problem, Assert.Throws<OptionsException>(() => OptionsReader.Read(setting => setting.Option == option ? text : null, _ => null, file: null)).Problems.Single(), StringComparison.Ordinal);

    [Theory]
    [InlineData("collector:4318")]
    [InlineData("ftp://collector")]
    [InlineData("http://user:password@collector")]
    [InlineData("http://collector?key=1")]
    public void A_receiver_of_traces_that_is_no_plain_address_is_refused_without_being_repeated(string text)
    {
        var problem = Assert.Throws<OptionsException>(() => OptionsReader.Read(setting => setting == Setting.TraceEndpoint ? text : null, _ => null, file: null)).Problems.Single();

        Assert.StartsWith("--trace-endpoint must be an address", problem, StringComparison.Ordinal);
        Assert.DoesNotContain(text, problem);
    }

    [Theory]
    [InlineData("90s", 90)]
    [InlineData("10m", 600)]
    [InlineData("2h", 7200)]
    public void How_often_registries_are_asked_is_a_time_with_a_unit(string text, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), OptionsReader.Read(setting => setting == Setting.RegistryPollInterval ? text : null, _ => null, file: null).Registries.PollInterval);

    [Theory]
    [InlineData("1s")]
    [InlineData("10")]
    [InlineData("m")]
    [InlineData("1000000h")]
    public void A_time_without_a_unit_or_out_of_bounds_is_refused(string text) => Assert.Contains(
        $"--registry-poll-interval must be a whole number with s, m or h, from 30s to 168h; it is \"{text}\"",
        Assert.Throws<OptionsException>(() => OptionsReader.Read(setting => setting == Setting.RegistryPollInterval ? text : null, _ => null, file: null)).Problems);

    [Fact]
    public void An_address_with_a_password_is_refused_and_not_repeated()
    {
        var error = Assert.Throws<OptionsException>(() => OptionsReader.Read(_ => null, variable => variable == "HF_ENDPOINT" ? "https://user:secret@mirror.example" : null, file: null));

        Assert.Equal("HF_ENDPOINT must be an address such as https://mirror.example, without user and password", Assert.Single(error.Problems));
    }

    [Fact]
    public void A_file_may_be_JSON()
    {
        File.WriteAllText(_file, """{"workers": 7, "metricsBindAddress": "127.0.0.1:0", "healthProbeBindAddress": "0"}""");

        var options = Read(file: _file);

        Assert.Equal(7, options.Workers);
        Assert.Equal("127.0.0.1:0", options.MetricsBindAddress!.ToString());
        Assert.Null(options.HealthProbeBindAddress);
    }

    [Fact]
    public void Everything_that_is_wrong_is_listed_with_its_place()
    {
        File.WriteAllText(_file, "workers: none\ncolour: red\nnamespace: [a]\n");

        var error = Assert.Throws<OptionsException>(() => OptionsReader.Read(
            setting => setting == Setting.MetricsBindAddress ? "8080" : null,
            variable => variable switch { "LLM_OPERATOR__LEADER_ELECT" => "perhaps", "LLM_OPERATOR__ACCELERATORS" => "/does/not/exist", "LLM_OPERATOR__LOG_LEVEL" => "3", _ => null },
            _file));

        Assert.Contains(error.Problems, problem => problem == $"{_file}:1: workers must be a whole number from 1 to 256; it is \"none\"");
        Assert.Contains(error.Problems, problem => problem.StartsWith($"{_file}:2: unknown setting \"colour\"", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem == $"{_file}:3: namespace must be a single value");
        Assert.Contains(error.Problems, problem => problem.StartsWith("--metrics-bind-address must be :PORT", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem == "LLM_OPERATOR__LEADER_ELECT must be true or false; it is \"perhaps\"");
        Assert.Contains(error.Problems, problem => problem.StartsWith("LLM_OPERATOR__ACCELERATORS cannot be read", StringComparison.Ordinal));
        Assert.Contains(error.Problems, problem => problem.StartsWith("LLM_OPERATOR__LOG_LEVEL must be", StringComparison.Ordinal));
        Assert.Equal(7, error.Problems.Count);
    }

    [Fact]
    public void The_webhook_is_on_9443_and_can_be_told_where_it_is_reached()
    {
        Assert.Equal(":9443", Read().WebhookBindAddress!.ToString());
        var options = OptionsReader.Read(
            _ => null, variable => variable switch { "LLM_OPERATOR__WEBHOOK_URL" => "https://10.0.0.1:0", "LLM_OPERATOR__LICENSE_POLICY" => "refuse", "LLM_OPERATOR__WEBHOOK_BIND_ADDRESS" => "0", _ => null }, null);

        Assert.Equal((new Uri("https://10.0.0.1:0"), LicensePolicy.Refuse, null), (options.WebhookUrl, options.LicensePolicy, options.WebhookBindAddress));
    }

    [Fact]
    public void Settings_of_the_webhook_that_cannot_work_are_all_told()
    {
        var error = Assert.Throws<OptionsException>(() => OptionsReader.Read(
            setting => setting == Setting.WebhookUrl ? "http://10.0.0.1/path" : setting == Setting.WebhookCertDir ? "/does/not/exist" : setting == Setting.LicensePolicy ? "1" : null, _ => null, null));

        Assert.Equal(
            [
                "--webhook-url must be https://HOST:PORT; it is \"http://10.0.0.1/path\"",
                "--webhook-cert-dir must be a folder that exists; it is \"/does/not/exist\"",
                "--license-policy must be one of Warn, Refuse, Ignore; it is \"1\"",
            ],
            error.Problems);
    }

    [Fact]
    public void A_faulty_catalogue_is_told_line_by_line()
    {
        File.WriteAllText(_file, "accelerators:\n- class: X\n");

        var error = Assert.Throws<OptionsException>(() => OptionsReader.Read(setting => setting == Setting.Accelerators ? _file : null, _ => null, null));

        Assert.All(error.Problems, problem => Assert.StartsWith($"{_file}:2: ", problem, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var error = Assert.Throws<OptionsException>(() => Read(file: _file));

        Assert.Contains($"--config: {_file} cannot be read", Assert.Single(error.Problems));
    }

    [Theory]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData("0.0.0.0:8080", "0.0.0.0:8080")]
    public void An_address_may_name_an_interface(string text, string expected) =>
        Assert.Equal(expected, OptionsReader.Read(setting => setting == Setting.MetricsBindAddress ? text : null, _ => null, null).MetricsBindAddress!.ToString());

    [Theory]
    [InlineData("localhost:80")]
    [InlineData(":70000")]
    [InlineData(":")]
    public void An_address_that_cannot_be_listened_on_is_refused(string text) =>
        Assert.Throws<OptionsException>(() => OptionsReader.Read(setting => setting == Setting.MetricsBindAddress ? text : null, _ => null, null));

    [Fact]
    public void The_names_of_a_setting_follow_from_each_other()
    {
        Assert.Equal("--leader-election-namespace", Setting.LeaderElectionNamespace.Option);
        Assert.Equal("LLM_OPERATOR__LEADER_ELECTION_NAMESPACE", Setting.LeaderElectionNamespace.Variable);
    }

    public void Dispose() => File.Delete(_file);

    private static OperatorOptions Read(string? file = null) => OptionsReader.Read(_ => null, _ => null, file);
}
