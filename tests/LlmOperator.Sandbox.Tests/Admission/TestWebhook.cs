using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LlmOperator.Sandbox.Tests.Admission;

/// <summary>An admission webhook on the loopback address, with a certificate of its own authority. Each path answers as the test says.</summary>
internal sealed class TestWebhook : IAsyncDisposable
{
    private readonly X509Certificate2 _certificate;
    private readonly ConcurrentDictionary<string, Func<JsonObject, Task<JsonNode?>>> _answers = new();
    private WebApplication _app = null!;

    private TestWebhook(string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        _certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Requests, as they came.</summary>
    public ConcurrentQueue<JsonObject> Requests { get; } = new();

    public Uri Address { get; private set; } = null!;

    /// <summary>What goes into <c>caBundle</c>.</summary>
    public string Authority => Convert.ToBase64String(Encoding.UTF8.GetBytes(_certificate.ExportCertificatePem()));

    public static async Task<TestWebhook> StartAsync(params string[] names)
    {
        var webhook = new TestWebhook(names.Length > 0 ? names : ["127.0.0.1"]);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(webhook._certificate)));
        webhook._app = builder.Build();
        webhook._app.Run(webhook.Handle);
        await webhook._app.StartAsync();
        webhook.Address = new Uri(webhook._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        return webhook;
    }

    /// <summary>Answers requests to a path; the function gets the review's request and returns its response.</summary>
    public void On(string path, Func<JsonObject, JsonObject> response) => OnAsync(path, request => Task.FromResult(response(request)));

    public void OnAsync(string path, Func<JsonObject, Task<JsonObject>> response) => _answers[path] = async review =>
    {
        var request = review["request"]!.AsObject();
        var answer = await response(request);
        answer["uid"] ??= (string)request["uid"]!;
        return new JsonObject { ["apiVersion"] = (string)review["apiVersion"]!, ["kind"] = "AdmissionReview", ["response"] = answer };
    };

    /// <summary>Answers a path with anything at all.</summary>
    public void OnRaw(string path, Func<JsonObject, JsonNode?> body) => _answers[path] = review => Task.FromResult(body(review));

    public static JsonObject Allow() => new() { ["allowed"] = true };

    public static JsonObject Deny(string? message = null, int code = 0)
    {
        var response = new JsonObject { ["allowed"] = false };
        if (message is not null)
        {
            response["status"] = new JsonObject { ["message"] = message, ["code"] = code };
        }

        return response;
    }

    public static JsonObject Patch(string operations) => new()
    {
        ["allowed"] = true,
        ["patchType"] = "JSONPatch",
        ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(operations)),
    };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task Handle(HttpContext context)
    {
        var review = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
        Requests.Enqueue(review["request"]!.AsObject());
        if (!_answers.TryGetValue(context.Request.Path.Value!, out var answer))
        {
            context.Response.StatusCode = 404;
            return;
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync((await answer(review))?.ToJsonString() ?? "");
    }
}
