using System.Text.Json.Nodes;
using LlmOperator.Api;
using LlmOperator.Sandbox.Apply;
using LlmOperator.Sandbox.CustomResources;
using LlmOperator.Sandbox.Kinds;
using LlmOperator.Sandbox.Server;
using LlmOperator.Sandbox.Storage;
using LlmOperator.Testing;
using Xunit;

namespace LlmOperator.Sandbox.Tests.Cel;

/// <summary>The operator's own definitions, through an embedded cluster: they are accepted, and each of their rules accepts and refuses what it should.</summary>
public sealed class OperatorDefinitionTests(OperatorDefinitionTests.Installed installed) : IClassFixture<OperatorDefinitionTests.Installed>
{
    private const string Endpoint = """{"modelRef":{"name":"m"},"engine":{"type":"vLLM"},"accelerator":{"type":"A10G","count":4},"replicas":1}""";
    private const string SageMaker = """{"modelRef":{"name":"m"},"engine":{"type":"vLLM"},"backend":"SageMaker","sageMaker":{"region":"eu-west-1","executionRoleArn":"arn:aws:iam::123456789012:role/r","instanceType":"ml.g5.2xlarge"}}""";
    private const string Model = """{"source":{"huggingFace":{"repo":"a/b"}},"task":"Generate"}""";
    private const string Index = """{"qdrant":{"external":{"url":"http://qdrant:6333"}},"collections":[{"name":"c","vectors":{"size":8,"distance":"Cosine"}}]}""";
    private const string Managed = """{"qdrant":{"managed":{"storage":{"size":"10Gi","storageClassName":"a"}}},"collections":[{"name":"c","shards":2}]}""";

    private static int _made;

    public static TheoryData<string, string, string, string, string> OnCreate => new()
    {
        { "llmendpoints", Endpoint, """{"replicas":2}""", """{"autoscaling":{"maxReplicas":2}}""", "spec.replicas: Invalid value: \"object\": replicas and autoscaling exclude each other" },
        { "llmendpoints", Endpoint, """{"parallelism":{"tensor":2}}""", """{"parallelism":{"tensor":3}}""", "spec.parallelism: Invalid value: \"object\": parallelism.tensor must equal or divide accelerator.count" },
        { "llmendpoints", Endpoint, "{}", """{"accelerator":null}""", "spec: Invalid value: \"object\": accelerator is required when backend is Kubernetes" },
        { "llmendpoints", Endpoint, "{}", """{"sageMaker":{"region":"eu-west-1","executionRoleArn":"arn:aws:iam::123456789012:role/r","instanceType":"ml.g5.2xlarge"}}""", "spec: Invalid value: \"object\": sageMaker belongs to backend SageMaker" },
        { "llmendpoints", SageMaker, "{}", """{"sageMaker":null}""", "spec: Invalid value: \"object\": sageMaker belongs to backend SageMaker" },
        { "llmendpoints", Endpoint, """{"replicas":null,"autoscaling":{"maxReplicas":2,"target":{"concurrentRequests":4}}}""", """{"replicas":null,"autoscaling":{"maxReplicas":2,"target":{}}}""", "autoscaling.target must name at least one target" },
        { "llmendpoints", Endpoint, """{"replicas":null,"autoscaling":{"minReplicas":2,"maxReplicas":2}}""", """{"replicas":null,"autoscaling":{"minReplicas":3,"maxReplicas":2}}""", "spec.autoscaling.minReplicas: Invalid value: \"object\": autoscaling.minReplicas must not exceed" },
        { "llmendpoints", Endpoint, """{"replicas":null,"autoscaling":{"minReplicas":0,"maxReplicas":2,"scaleToZero":{"enabled":true}}}""", """{"replicas":null,"autoscaling":{"minReplicas":0,"maxReplicas":2}}""", "autoscaling.minReplicas 0 needs scaleToZero.enabled" },
        { "llmendpoints", Endpoint, """{"engine":{"env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}}""", """{"engine":{"env":[{"name":"A","valueFrom":{}}]}}""", "valueFrom must name exactly one of secretKeyRef and configMapKeyRef" },
        { "llmendpoints", Endpoint, """{"engine":{"env":[{"name":"A","value":"b"}]}}""", """{"engine":{"env":[{"name":"A","value":"b","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}}""", "env takes value or valueFrom, not both" },
        { "llmendpoints", Endpoint, """{"engine":{"type":"Custom","image":"i"}}""", """{"engine":{"type":"Custom"}}""", "spec.engine.image: Invalid value: \"object\": engine.image is required when engine.type is Custom" },
        { "llmendpoints", Endpoint, """{"rag":{"indexRef":{"name":"i"},"helper":{"url":"http://h"}}}""", """{"rag":{"indexRef":{"name":"i"},"helper":{"url":"http://h","endpointRef":{"name":"e"}}}}""", "set exactly one of endpointRef (an LlmEndpoint of this namespace) and url" },
        { "llmendpoints", Endpoint, """{"rollout":{"strategy":"Canary","steps":[{"setWeight":5}]}}""", """{"rollout":{"strategy":"Canary","steps":[{}]}}""", "a rollout step must have exactly one of setWeight and pause" },
        { "llmendpoints", Endpoint, """{"rollout":{"strategy":"Canary","steps":[{"setWeight":5}]}}""", """{"rollout":{"strategy":"Rolling","steps":[{"setWeight":5}]}}""", "spec.rollout.steps: Invalid value: \"object\": rollout.steps belongs to strategy Canary" },
        { "llmendpoints", Endpoint, """{"scheduling":{"tolerations":[{"key":"a","operator":"Exists"}]}}""", """{"scheduling":{"tolerations":[{"key":"a","operator":"Exists","value":"b"}]}}""", "a toleration with operator Exists takes no value" },
        { "llmendpoints", Endpoint, """{"scheduling":{"tolerations":[{"operator":"Exists"}]}}""", """{"scheduling":{"tolerations":[{"operator":"Equal","value":"b"}]}}""", "a toleration without key must have operator Exists" },
        { "llmendpoints", Endpoint, "{}", "NAME 64", "<nil>: Invalid value: \"object\": metadata.name must have at most 63 characters: it becomes a label value and part of a host name" },
        { "llmendpoints", Endpoint, """{"networkPolicy":{"allowFrom":[{"podLabels":{"app":"x"}}]}}""", """{"networkPolicy":{"allowFrom":[{}]}}""", "an entry of networkPolicy.allowFrom must have podLabels or namespaceLabels" },
        { "llmendpoints", Endpoint, """{"promptTrace":{"redactPatterns":["(?i)customer-\\d{6}","\\\\1","(?:a|b)","\\(\\?=x"]}}""", """{"promptTrace":{"redactPatterns":["fine","(a)\\1"]}}""", "spec.promptTrace.redactPatterns: Invalid value: \"array\": promptTrace.redactPatterns are matched in linear time" },
        { "llmendpoints", Endpoint, "{}", """{"promptTrace":{"redactPatterns":["a(?=b)"]}}""", "promptTrace.redactPatterns are matched in linear time" },
        { "llmendpoints", Endpoint, """{"promptTrace":{"redactPatterns":["(?<name>a)"]}}""", """{"promptTrace":{"redactPatterns":["(?<!a)b"]}}""", "promptTrace.redactPatterns are matched in linear time" },
        { "llmmodels", Model, """{"cache":{}}""", """{"source":{"huggingFace":null,"pvc":{"claimName":"c"}},"cache":{}}""", "spec.cache: Invalid value: \"object\": cache keeps what a registry hands out over the network" },
        { "llmmodels", Model, "{}", "NAME 64", "<nil>: Invalid value: \"object\": metadata.name must have at most 63 characters: it becomes a label value of the objects" },
        { "llmmodels", Model, """{"source":{"huggingFace":null,"pvc":{"claimName":"c"}}}""", """{"source":{"pvc":{"claimName":"c"}}}""", "spec.source: Invalid value: \"object\": source must name exactly one registry" },
        { "llmmodels", Model, """{"adapters":[{"name":"x","source":{"pvc":{"claimName":"c"}}}]}""", """{"adapters":[{"name":"x","source":{}}]}""", "spec.adapters[0].source: Invalid value: \"object\": source must name exactly one registry" },
        { "llmmodels", Model, """{"limits":{"maxInputTokens":4,"maxTotalTokens":5}}""", """{"limits":{"maxInputTokens":5,"maxTotalTokens":5}}""", "limits.maxInputTokens must be less than limits.maxTotalTokens" },
        { "llmmodels", Model, """{"limits":{"maxTotalTokens":5,"maxBatchTotalTokens":5}}""", """{"limits":{"maxTotalTokens":6,"maxBatchTotalTokens":5}}""", "limits.maxTotalTokens must not exceed limits.maxBatchTotalTokens" },
        { "llmmodels", Model, """{"limits":{"maxInputTokens":5,"maxBatchPrefillTokens":5}}""", """{"limits":{"maxInputTokens":6,"maxBatchPrefillTokens":5}}""", "limits.maxBatchPrefillTokens must be at least limits.maxInputTokens" },
        { "llmmodels", Model, """{"limits":{"maxBatchPrefillTokens":5,"maxBatchTotalTokens":5}}""", """{"limits":{"maxBatchPrefillTokens":6,"maxBatchTotalTokens":5}}""", "limits.maxBatchPrefillTokens must not exceed limits.maxBatchTotalTokens" },
        { "ragindexes", Index, """{"qdrant":{"external":null,"managed":{}}}""", """{"qdrant":{"managed":{}}}""", "qdrant must name exactly one of managed and external" },
        { "ragindexes", Managed, """{"qdrant":{"managed":{"version":"v1.19.0","storage":{"size":"10Gi","storageClassName":"a"}}}}""", """{"qdrant":{"managed":{"version":"v1.19.0","image":"qdrant/qdrant:v1.19.0","storage":{"size":"10Gi","storageClassName":"a"}}}}""", "spec.qdrant.managed.version: Invalid value: \"object\": image and version exclude each other" },
        { "ragindexes", Index, """{"qdrant":{"external":{"url":"https://q","tls":{"caSecretRef":{"name":"a","key":"ca.crt"}}}}}""", """{"qdrant":{"external":{"url":"https://q","tls":{"caSecretRef":{"name":"a","key":"ca.crt"},"caConfigMapRef":{"name":"a","key":"ca.crt"}}}}}""", "tls.caSecretRef and tls.caConfigMapRef exclude each other" },
        { "ragindexes", Index, """{"embedding":{"model":"e","size":8}}""", """{"embedding":{"model":"e","size":9}}""", "spec.collections: Invalid value: \"object\": collections[].vectors.size must equal embedding.size" },
        { "ragindexes", Index, """{"collections":[{"name":"c","vectors":null,"namedVectors":[{"name":"d","size":8}]}]}""", """{"collections":[{"name":"c","vectors":{"size":8},"namedVectors":[{"name":"d","size":8}]}]}""", "spec.collections[0]: Invalid value: \"object\": collections[] takes vectors (one vector without a name) or namedVectors, not both" },
        { "ragindexes", Index, """{"collections":[{"name":"c","namedVectors":[{"name":"d","size":8}],"sparseVectors":[{"name":"s"}]}]}""", """{"collections":[{"name":"c","namedVectors":[{"name":"d","size":8}],"sparseVectors":[{"name":"s"},{"name":"d"}]}]}""", "spec.collections[0].sparseVectors: Invalid value: \"object\": collections[].sparseVectors must not have a name that namedVectors has" },
        { "ragindexes", Index, """{"collections":[{"name":"c","replicationFactor":2,"writeConsistencyFactor":2}]}""", """{"collections":[{"name":"c","replicationFactor":2,"writeConsistencyFactor":3}]}""", "spec.collections[0].writeConsistencyFactor: Invalid value: \"object\": collections[].writeConsistencyFactor must not exceed replicationFactor" },
        { "ragindexes", Index, """{"embedding":{"size":8},"collections":[{"name":"c","namedVectors":[{"name":"d","size":8},{"name":"e","size":9}]}]}""", """{"embedding":{"size":8},"collections":[{"name":"c","namedVectors":[{"name":"d","size":8,"multivector":{}},{"name":"e","size":9}]}]}""", "spec.collections: Invalid value: \"object\": collections[].namedVectors must have a vector of embedding.size" },
        { "ragindexes", Index, """{"collections":[{"name":"c","vectors":{"size":8,"memory":"Cold"}}]}""", """{"collections":[{"name":"c","vectors":{"size":8,"memory":"Cold","onDisk":true}}]}""", "spec.collections[0].vectors: Invalid value: \"object\": a vector takes onDisk or memory, not both" },
        { "ragindexes", Index, """{"collections":[{"name":"c","hnsw":{"onDisk":true}}]}""", """{"collections":[{"name":"c","hnsw":{"memory":"Cold","onDisk":true}}]}""", "spec.collections[0].hnsw: Invalid value: \"object\": hnsw takes onDisk or memory, not both" },
        { "ragindexes", Index, """{"collections":[{"name":"c","quantization":{"type":"Scalar","memory":"Pinned"}}]}""", """{"collections":[{"name":"c","quantization":{"type":"Scalar","memory":"Pinned","alwaysRam":true}}]}""", "spec.collections[0].quantization: Invalid value: \"object\": quantization takes alwaysRam or memory, not both" },
        { "ragindexes", Index, """{"collections":[{"name":"c","quantization":{"type":"Scalar","quantile":0.99}}]}""", """{"collections":[{"name":"c","quantization":{"type":"Binary","quantile":0.99}}]}""", "spec.collections[0].quantization.quantile: Invalid value: \"object\": quantization.quantile belongs to type Scalar" },
        { "ragindexes", Index, """{"collections":[{"name":"c","quantization":{"type":"Product","compression":"X16"}}]}""", """{"collections":[{"name":"c","quantization":{"type":"Product"}}]}""", "spec.collections[0].quantization.type: Invalid value: \"object\": quantization.compression belongs to type Product" },
        { "ragindexes", Index, """{"collections":[{"name":"c","quantization":{"type":"Binary","encoding":"TwoBits","queryEncoding":"Scalar8Bits"}}]}""", """{"collections":[{"name":"c","quantization":{"type":"Scalar","encoding":"TwoBits"}}]}""", "spec.collections[0].quantization.type: Invalid value: \"object\": quantization.encoding and quantization.queryEncoding belong to type Binary" },
        { "ragindexes", Index, """{"collections":[{"name":"c","quantization":{"type":"Turbo","bits":"1.5"}}]}""", """{"collections":[{"name":"c","quantization":{"type":"Binary","bits":"1.5"}}]}""", "spec.collections[0].quantization.bits: Invalid value: \"object\": quantization.bits belongs to type Turbo" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"uuid","isTenant":true}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"bool","isTenant":true}]}]}""", "spec.collections[0].payloadIndexes[0].isTenant: Invalid value: \"object\": payloadIndexes[].isTenant belongs to types keyword and uuid" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","prefix":true}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"uuid","prefix":true}]}]}""", "spec.collections[0].payloadIndexes[0].prefix: Invalid value: \"object\": payloadIndexes[].prefix belongs to type keyword" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"integer","lookup":true,"range":false}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"float","range":true}]}]}""", "spec.collections[0].payloadIndexes[0].type: Invalid value: \"object\": payloadIndexes[].lookup and payloadIndexes[].range belong to type integer" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"datetime","isPrincipal":true}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","isPrincipal":true}]}]}""", "spec.collections[0].payloadIndexes[0].isPrincipal: Invalid value: \"object\": payloadIndexes[].isPrincipal belongs to types integer, float and datetime" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"text","text":{"stemmer":"turkish"}}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","text":{}}]}]}""", "spec.collections[0].payloadIndexes[0].text: Invalid value: \"object\": payloadIndexes[].text belongs to type text" },
        { "ragindexes", Index, """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"text","text":{"minTokenLength":2,"maxTokenLength":2}}]}]}""", """{"collections":[{"name":"c","payloadIndexes":[{"field":"f","type":"text","text":{"minTokenLength":3,"maxTokenLength":2}}]}]}""", "spec.collections[0].payloadIndexes[0].text.minTokenLength: Invalid value: \"object\": payloadIndexes[].text.minTokenLength must not exceed maxTokenLength" },
        { "ragindexes", Index, """{"ingest":{"documents":[{"type":"article","minLength":9,"maxLength":9}]}}""", """{"ingest":{"documents":[{"type":"article","minLength":10,"maxLength":9}]}}""", "ingest.documents[].minLength must not exceed maxLength" },
        { "ragindexes", Index, "{}", "NAME 53", "<nil>: Invalid value: \"object\": metadata.name must have at most 52 characters" },
    };

    public static TheoryData<string, string, string, string, string> OnUpdate => new()
    {
        { "llmendpoints", Endpoint, """{"replicas":2}""", """{"backend":"SageMaker","accelerator":null,"sageMaker":{"region":"eu-west-1","executionRoleArn":"arn:aws:iam::123456789012:role/r","instanceType":"ml.g5.2xlarge"}}""", "spec.backend: Invalid value: \"string\": backend cannot be changed" },
        { "llmendpoints", SageMaker, """{"replicas":2}""", """{"sageMaker":{"region":"us-east-1"}}""", "spec.sageMaker.region: Invalid value: \"string\": sageMaker.region cannot be changed" },
        { "llmmodels", """{"source":{"huggingFace":{"repo":"a/b"}},"task":"Generate","cache":{"storageClassName":"a","size":"10Gi"}}""", """{"cache":{"size":"20Gi"}}""", """{"cache":{"storageClassName":"b"}}""", "cache.storageClassName cannot be changed" },
        { "ragindexes", Managed, """{"qdrant":{"managed":{"storage":{"size":"20Gi"}}}}""", """{"qdrant":{"managed":{"storage":{"storageClassName":"b"}}}}""", "storageClassName cannot be changed: create a second RagIndex with the other class" },
        { "ragindexes", """{"qdrant":{"managed":{"storage":{"snapshots":{"storageClassName":"a"}}}},"collections":[{"name":"c"}]}""", """{"qdrant":{"managed":{"storage":{"snapshots":{"storageClassName":"a","size":"20Gi"}}}}}""", """{"qdrant":{"managed":{"storage":{"snapshots":{"storageClassName":"b"}}}}}""", "snapshots.storageClassName cannot be changed" },
        { "ragindexes", Managed, "{}", """{"qdrant":{"managed":null,"external":{"url":"http://q"}}}""", "qdrant cannot change between managed and external" },
    };

    [Theory]
    [MemberData(nameof(OnCreate))]
    public void A_new_object_keeps_or_breaks_the_rule(string plural, string spec, string keeps, string breaks, string message)
    {
        Create(plural, Merge(spec, keeps), NextName());
        var named = breaks.StartsWith("NAME ", StringComparison.Ordinal);
        var refusal = Assert.Throws<StatusException>(() => Create(plural, Merge(spec, named ? "{}" : breaks), named ? new string('n', int.Parse(breaks[5..])) : NextName()));
        Assert.Equal(422, refusal.Code);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OnUpdate))]
    public void A_change_keeps_or_breaks_the_rule(string plural, string spec, string keeps, string breaks, string message)
    {
        var name = NextName();
        Create(plural, Merge(spec, "{}"), name);
        Change(plural, name, keeps);
        var refusal = Assert.Throws<StatusException>(() => Change(plural, name, breaks));
        Assert.Equal(422, refusal.Code);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_rule_is_left_without_a_case()
    {
        var cases = OnCreate.Concat(OnUpdate).Select(row => row.Data.Item5).ToList();
        foreach (var (file, yaml) in CustomResourceDefinitions.Embedded())
        {
            foreach (var rule in Rules(YamlJson.Parse(yaml)[0]))
            {
                Assert.True(
                    cases.Exists(text => (rule.Text("message") ?? "").Contains(text[(text.LastIndexOf("\": ", StringComparison.Ordinal) is var at and >= 0 ? at + 3 : 0)..], StringComparison.Ordinal)),
                    $"{file}: {rule.Text("rule")}");
            }
        }
    }

    private static IEnumerable<JsonObject> Rules(JsonNode node) => node switch
    {
        JsonObject obj => obj.SelectMany(field => field.Key == "x-kubernetes-validations" ? field.Value!.AsArray().OfType<JsonObject>() : field.Value is null ? [] : Rules(field.Value)),
        JsonArray array => array.Where(item => item is not null).SelectMany(item => Rules(item!)),
        _ => [],
    };

    private static JsonObject Merge(string spec, string change)
    {
        var merged = JsonNode.Parse(spec)!.AsObject();
        MergePatch.Apply(merged, JsonNode.Parse(change)!.AsObject());
        return merged;
    }

    private static ResourceName Resource(string plural) => new("llmops.dev", plural);

    private static string NextName() => $"object-{Interlocked.Increment(ref _made)}";

    private void Create(string plural, JsonObject spec, string name) => installed.Objects.Create(
        Resource(plural), new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" }, ["spec"] = spec }, "test");

    private void Change(string plural, string name, string change) => installed.Objects.Update(
        new ObjectRef(Resource(plural), "default", name), obj => MergePatch.Apply(obj.Child("spec"), JsonNode.Parse(change)!.AsObject()), "test");

    /// <summary>An embedded cluster with the definitions.</summary>
    public sealed class Installed : IAsyncLifetime
    {
        private EmbeddedCluster _cluster = null!;

        internal ICluster Objects => _cluster.Objects;

        public async ValueTask InitializeAsync()
        {
            _cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Controllers = false, Time = new ManualTimeProvider() });
            foreach (var (_, yaml) in CustomResourceDefinitions.Embedded())
            {
                Objects.Create(DefinitionLifecycle.Definitions, YamlJson.Parse(yaml)[0], "test");
            }
        }

        public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();
    }
}
