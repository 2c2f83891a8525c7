using System.Text.Json.Nodes;

namespace LlmOperator.Sandbox.StandIns.Qdrant;

/// <summary>Collections, payload indexes and aliases.</summary>
internal sealed class CollectionRoutes(QdrantCluster cluster)
{
    private static readonly Version MemoryField = new(1, 19);

    private bool IsNew => cluster.Version >= MemoryField;

    public QdrantReply Answer(QdrantCall call) => (call.Method, call.Path) switch
    {
        ("GET", ["collections"]) => Node(new() { ["collections"] = Array(cluster.Collections.Keys.Select(name => new JsonObject { ["name"] = name })) }),
        ("GET", ["aliases"]) => Aliases(null),
        ("POST", ["collections", "aliases"]) => ChangeAliases(Body(call)),
        ("GET", ["collections", var name]) => Node(Describe(cluster.Find(name))),
        ("PUT", ["collections", var name]) => Create(name, Body(call)),
        ("PATCH", ["collections", var name]) => Patch(cluster.Find(name), Body(call)),
        ("DELETE", ["collections", var name]) => Delete(name),
        ("GET", ["collections", var name, "exists"]) => Node(new() { ["exists"] = cluster.Collections.ContainsKey(name) || cluster.Aliases.ContainsKey(name) }),
        ("GET", ["collections", var name, "aliases"]) => Aliases(cluster.Find(name).Name),
        ("PUT", ["collections", var name, "index"]) => CreateIndex(cluster.Find(name), Body(call), call),
        ("DELETE", ["collections", var name, "index", var field]) => DeleteIndex(cluster.Find(name), field, call),
        ("PUT", ["collections", var name, "vectors", var vector]) when IsNew => AddVector(cluster.Find(name), vector, call),
        ("DELETE", ["collections", var name, "vectors", var vector]) when IsNew => DropVector(cluster.Find(name), vector, call),
        _ => QdrantReply.Empty(404),
    };

    public static QdrantReply Node(JsonObject result) => QdrantReply.Result(writer => result.WriteTo(writer), 0.0001);

    public static QdrantReply Done(bool value) => QdrantReply.Result(writer => writer.WriteBooleanValue(value), 0.0001);

    /// <summary>What became of a write: done, though only who waits is told so.</summary>
    public static QdrantReply Updated(QdrantCall call, ulong operation) =>
        Node(new() { ["operation_id"] = operation, ["status"] = call.Query.GetValueOrDefault("wait") == "true" ? "completed" : "acknowledged" });

    public static JsonArray Array(IEnumerable<JsonNode> nodes) => [.. nodes];

    private JsonObject Body(QdrantCall call)
    {
        var body = QdrantServer.Body(call);
        if (!IsNew)
        {
            Forget(body);
        }

        return body;
    }

    /// <summary>An older server does not know the field, and passes over it.</summary>
    private static void Forget(JsonObject body)
    {
        body.Remove("memory");
        body.Remove("payload");
        foreach (var (name, value) in body)
        {
            if (value is JsonObject inner && name != "metadata")
            {
                Forget(inner);
            }
        }
    }

    private QdrantReply Create(string name, JsonObject body)
    {
        CollectionNames.Check(name);
        if (cluster.Collections.ContainsKey(name))
        {
            throw new QdrantRefusal(409, $"Wrong input: Collection `{name}` already exists!");
        }

        if (cluster.Aliases.ContainsKey(name))
        {
            throw QdrantRefusal.Input($"Can't create collection with name {name}. Alias with the same name already exists");
        }

        var config = CollectionConfig.Create(body, Math.Max(1, cluster.Members.Count));
        var collection = new StoredCollection(name, config);
        if (!config.HasCustomSharding)
        {
            collection.Shards.Add(config.ShardNumber, config.ReplicationFactor, default, [.. cluster.Members.Select(member => member.PeerId)]);
        }

        cluster.Collections[name] = collection;
        cluster.Commit++;
        return Done(true);
    }

    private QdrantReply Patch(StoredCollection collection, JsonObject body)
    {
        collection.Config.Patch(body);
        if (collection.Status == "grey")
        {
            collection.Status = null;
        }

        cluster.Commit++;
        return Done(true);
    }

    private QdrantReply Delete(string name)
    {
        foreach (var alias in cluster.Aliases.Where(alias => alias.Value == name).Select(alias => alias.Key).ToList())
        {
            cluster.Aliases.Remove(alias);
        }

        cluster.Commit++;
        return Done(cluster.Collections.Remove(name));
    }

    private static JsonObject Describe(StoredCollection collection)
    {
        var schema = new JsonObject();
        foreach (var (field, index) in collection.Indexes)
        {
            var described = new JsonObject { ["data_type"] = index.Type };
            if (index.Params is not null)
            {
                described["params"] = index.Params.DeepClone();
            }

            described["points"] = collection.Points.Values.Count(point => PayloadPath.Values(point.Payload, field).Any(index.Takes));
            schema[field] = described;
        }

        return new()
        {
            ["status"] = collection.Status ?? "green",
            ["optimizer_status"] = collection.OptimizerError is { } error ? new JsonObject { ["error"] = error } : "ok",
            ["indexed_vectors_count"] = collection.IndexedVectors(),
            ["points_count"] = collection.Points.Count,
            ["segments_count"] = 1,
            ["config"] = collection.Config.Show(),
            ["payload_schema"] = schema,
            ["update_queue"] = new JsonObject { ["length"] = 0 },
        };
    }

    private static QdrantReply CreateIndex(StoredCollection collection, JsonObject body, QdrantCall call)
    {
        var field = body["field_name"]?.GetValue<string>() ?? throw QdrantRefusal.Format("missing field `field_name`");
        var index = body["field_schema"] is { } schema ? PayloadIndex.Read(schema) : Guess(collection, field);
        if (!collection.Indexes.TryGetValue(field, out var present) || !present.IsSame(index))
        {
            StrictMode.CheckIndexes(collection, isNew: present is null);
            collection.Indexes[field] = index;
        }

        return Updated(call, collection.Change());
    }

    /// <summary>The kind of what is there, when the request names none.</summary>
    private static PayloadIndex Guess(StoredCollection collection, string field) =>
        collection.Points.Values.SelectMany(point => PayloadPath.Values(point.Payload, field)).Select(value => value.ValueKind switch
        {
            System.Text.Json.JsonValueKind.String => "keyword",
            System.Text.Json.JsonValueKind.Number => value.TryGetInt64(out _) ? "integer" : "float",
            System.Text.Json.JsonValueKind.True or System.Text.Json.JsonValueKind.False => "bool",
            _ => null,
        }).FirstOrDefault(type => type is not null) is { } type
            ? new(type, null)
            : throw QdrantRefusal.Request($"Field schema cannot be inferred for `{field}`: name one");

    private static QdrantReply DeleteIndex(StoredCollection collection, string field, QdrantCall call)
    {
        collection.Indexes.Remove(field);
        return Updated(call, collection.Change());
    }

    private static QdrantReply AddVector(StoredCollection collection, string name, QdrantCall call)
    {
        collection.Config.AddVector(name, QdrantServer.Body(call));
        return Updated(call, collection.Change());
    }

    private static QdrantReply DropVector(StoredCollection collection, string name, QdrantCall call)
    {
        collection.Config.DropVector(name);
        foreach (var point in collection.Points.Values)
        {
            point.Vectors.Remove(name);
        }

        return Updated(call, collection.Change());
    }

    private QdrantReply Aliases(string? collection) => Node(new()
    {
        ["aliases"] = Array(cluster.Aliases
            .Where(alias => collection is null || alias.Value == collection)
            .Select(alias => new JsonObject { ["alias_name"] = alias.Key, ["collection_name"] = alias.Value })),
    });

    /// <summary>Readers see all or nothing of a list while it is done; what a failing list has done stays.</summary>
    private QdrantReply ChangeAliases(JsonObject body)
    {
        foreach (var action in body["actions"] as JsonArray ?? throw QdrantRefusal.Format("missing field `actions`"))
        {
            ChangeAlias(FieldRules.Object(action, "actions"));
            cluster.Commit++;
        }

        return Done(true);
    }

    private void ChangeAlias(JsonObject action)
    {
        if (action["create_alias"] is JsonObject create)
        {
            var (alias, collection) = (Text(create, "alias_name"), Text(create, "collection_name"));
            CollectionNames.Check(alias);
            if (!cluster.Collections.ContainsKey(collection))
            {
                throw QdrantRefusal.NoCollection(collection);
            }

            Free(alias);
            cluster.Aliases[alias] = collection;
        }
        else if (action["delete_alias"] is JsonObject delete)
        {
            cluster.Aliases.Remove(Text(delete, "alias_name"));
        }
        else if (action["rename_alias"] is JsonObject rename)
        {
            var (from, to) = (Text(rename, "old_alias_name"), Text(rename, "new_alias_name"));
            if (!cluster.Aliases.TryGetValue(from, out var target))
            {
                throw QdrantRefusal.Missing($"Alias {from} does not exists!");
            }

            Free(to);
            cluster.Aliases.Remove(from);
            cluster.Aliases[to] = target;
        }
        else
        {
            throw QdrantRefusal.Format("data did not match any variant of untagged enum AliasOperations");
        }
    }

    private void Free(string alias)
    {
        if (cluster.Collections.ContainsKey(alias))
        {
            throw new QdrantRefusal(409, $"Wrong input: Collection `{alias}` already exists!");
        }
    }

    private static string Text(JsonObject body, string name) => body[name]?.GetValue<string>() ?? throw QdrantRefusal.Format($"missing field `{name}`");
}
