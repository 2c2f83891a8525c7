namespace LlmOperator.Sandbox.Cel;

/// <summary>One declaration of a function.</summary>
/// <param name="Function">Name.</param>
/// <param name="IsMember">Whether the first argument stands before the dot.</param>
/// <param name="Args">Types of the arguments, the object of a method first.</param>
/// <param name="Result">Type of the result.</param>
internal sealed record CelOverload(string Function, bool IsMember, IReadOnlyList<CelType> Args, CelType Result);

/// <summary>The functions of the language and of Kubernetes' libraries, read from their declarations.</summary>
internal static class CelDeclarations
{
    private const string Declarations =
        """
        _&&_(bool,bool):bool  _||_(bool,bool):bool  !_(bool):bool  @not_strictly_false(bool):bool  _?_:_(bool,A,A):A  _==_(A,A):bool  _!=_(A,A):bool
        _+_(int,int):int  _+_(uint,uint):uint  _+_(double,double):double  _+_(string,string):string  _+_(bytes,bytes):bytes  _+_(list(A),list(A)):list(A)
        _+_(duration,duration):duration  _+_(timestamp,duration):timestamp  _+_(duration,timestamp):timestamp
        _-_(int,int):int  _-_(uint,uint):uint  _-_(double,double):double  _-_(duration,duration):duration  _-_(timestamp,duration):timestamp  _-_(timestamp,timestamp):duration
        _*_(int,int):int  _*_(uint,uint):uint  _*_(double,double):double  _/_(int,int):int  _/_(uint,uint):uint  _/_(double,double):double
        _%_(int,int):int  _%_(uint,uint):uint  -_(int):int  -_(double):double
        @in(A,list(A)):bool  @in(A,map(A,B)):bool  _[_](list(A),int):A  _[_](map(A,B),A):B  _[?_](list(A),int):optional_type(A)  _[?_](map(A,B),A):optional_type(B)
        size(string):int  size(bytes):int  size(list(A)):int  size(map(A,B)):int  string.size():int  bytes.size():int  list(A).size():int  map(A,B).size():int
        int(int):int  int(uint):int  int(double):int  int(string):int  int(timestamp):int
        uint(uint):uint  uint(int):uint  uint(double):uint  uint(string):uint  double(double):double  double(int):double  double(uint):double  double(string):double
        bool(bool):bool  bool(string):bool  bytes(bytes):bytes  bytes(string):bytes  dyn(A):dyn  type(A):type(A)
        string(string):string  string(bool):string  string(int):string  string(uint):string  string(double):string  string(bytes):string  string(timestamp):string  string(duration):string
        duration(duration):duration  duration(string):duration  timestamp(timestamp):timestamp  timestamp(string):timestamp  timestamp(int):timestamp
        string.startsWith(string):bool  string.endsWith(string):bool  string.contains(string):bool  string.matches(string):bool  matches(string,string):bool
        timestamp.getFullYear():int  timestamp.getMonth():int  timestamp.getDayOfYear():int  timestamp.getDayOfMonth():int  timestamp.getDate():int  timestamp.getDayOfWeek():int
        timestamp.getHours():int  timestamp.getMinutes():int  timestamp.getSeconds():int  timestamp.getMilliseconds():int
        duration.getHours():int  duration.getMinutes():int  duration.getSeconds():int  duration.getMilliseconds():int
        string.charAt(int):string  string.indexOf(string):int  string.indexOf(string,int):int  string.lastIndexOf(string):int  string.lastIndexOf(string,int):int
        list(string).join():string  list(string).join(string):string  string.lowerAscii():string  string.upperAscii():string  string.trim():string
        string.replace(string,string):string  string.replace(string,string,int):string  string.split(string):list(string)  string.split(string,int):list(string)
        string.substring(int):string  string.substring(int,int):string  string.format(list(dyn)):string  strings.quote(string):string
        list(A).isSorted():bool  list(A).sum():A  list(A).min():A  list(A).max():A  list(A).indexOf(A):int  list(A).lastIndexOf(A):int
        sets.contains(list(A),list(A)):bool  sets.equivalent(list(A),list(A)):bool  sets.intersects(list(A),list(A)):bool
        string.find(string):string  string.findAll(string):list(string)  string.findAll(string,int):list(string)
        url(string):url  isURL(string):bool  url.getScheme():string  url.getHost():string  url.getHostname():string  url.getPort():string  url.getEscapedPath():string  url.getQuery():map(string,list(string))
        quantity(string):quantity  isQuantity(string):bool  quantity.sign():int  quantity.isInteger():bool  quantity.asInteger():int  quantity.asApproximateFloat():double
        quantity.isGreaterThan(quantity):bool  quantity.isLessThan(quantity):bool  quantity.compareTo(quantity):int
        quantity.add(quantity):quantity  quantity.add(int):quantity  quantity.sub(quantity):quantity  quantity.sub(int):quantity
        ip(string):ip  isIP(string):bool  ip.isCanonical(string):bool  ip.family():int  ip.isUnspecified():bool  ip.isLoopback():bool  ip.isLinkLocalMulticast():bool  ip.isLinkLocalUnicast():bool  ip.isGlobalUnicast():bool
        string(ip):string  cidr(string):cidr  isCIDR(string):bool  cidr.ip():ip  cidr.prefixLength():int  cidr.masked():cidr  string(cidr):string
        cidr.containsIP(string):bool  cidr.containsIP(ip):bool  cidr.containsCIDR(string):bool  cidr.containsCIDR(cidr):bool
        optional.of(A):optional_type(A)  optional.ofNonZeroValue(A):optional_type(A)  optional.none():optional_type(A)
        optional_type(A).hasValue():bool  optional_type(A).value():A  optional_type(A).orValue(A):A  optional_type(A).or(optional_type(A)):optional_type(A)
        """;

    private static readonly Dictionary<string, CelType> Names = new(StringComparer.Ordinal)
    {
        ["bool"] = CelType.Bool,
        ["int"] = CelType.Int,
        ["uint"] = CelType.Uint,
        ["double"] = CelType.Double,
        ["string"] = CelType.String,
        ["bytes"] = CelType.Bytes,
        ["dyn"] = CelType.Dyn,
        ["duration"] = CelType.Duration,
        ["timestamp"] = CelType.Timestamp,
        ["quantity"] = CelType.Opaque("kubernetes.Quantity"),
        ["url"] = CelType.Opaque("kubernetes.URL"),
        ["ip"] = CelType.Opaque("net.IP"),
        ["cidr"] = CelType.Opaque("net.CIDR"),
        ["A"] = CelType.Parameter("A"),
        ["B"] = CelType.Parameter("B"),
    };

    private static readonly CelType[] Comparable = [CelType.Bool, CelType.String, CelType.Bytes, CelType.Duration, CelType.Timestamp];

    private static readonly CelType[] Numbers = [CelType.Int, CelType.Uint, CelType.Double];

    private static readonly ILookup<string, CelOverload> All = Read().ToLookup(overload => overload.Function, StringComparer.Ordinal);

    /// <summary>Types that can be named in an expression, to compare with <c>type(x)</c>.</summary>
    public static IReadOnlyDictionary<string, CelType> TypeNames { get; } = new Dictionary<string, CelType>(StringComparer.Ordinal)
    {
        ["bool"] = CelType.Bool,
        ["int"] = CelType.Int,
        ["uint"] = CelType.Uint,
        ["double"] = CelType.Double,
        ["string"] = CelType.String,
        ["bytes"] = CelType.Bytes,
        ["list"] = CelType.ListOf(CelType.Dyn),
        ["map"] = CelType.MapOf(CelType.Dyn, CelType.Dyn),
        ["null_type"] = CelType.Null,
        ["type"] = CelType.TypeOf(CelType.Dyn),
        ["optional_type"] = CelType.OptionalOf(CelType.Dyn),
    };

    /// <summary>Declarations of a function, none when it is unknown.</summary>
    public static IEnumerable<CelOverload> Of(string function) => All[function];

    private static IEnumerable<CelOverload> Read()
    {
        foreach (var declaration in Declarations.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            yield return Read(declaration);
        }

        foreach (var comparison in (string[])["_<_", "_<=_", "_>_", "_>=_"])
        {
            foreach (var type in Comparable)
            {
                yield return new CelOverload(comparison, false, [type, type], CelType.Bool);
            }

            // Numbers compare across their types.
            foreach (var left in Numbers)
            {
                foreach (var right in Numbers)
                {
                    yield return new CelOverload(comparison, false, [left, right], CelType.Bool);
                }
            }
        }
    }

    private static CelOverload Read(string declaration)
    {
        // The result follows the last colon outside of the operator's own name; parentheses of the arguments are the outermost ones.
        var colon = declaration.LastIndexOf(':');
        var result = ReadType(declaration[(colon + 1)..]);
        var call = declaration[..colon];
        var open = Opening(call);
        var args = Split(call[(open + 1)..^1]).Select(ReadType).ToList();
        var name = call[..open];
        var dot = name.LastIndexOf('.');
        if (dot <= 0 || name.StartsWith("optional.", StringComparison.Ordinal) || name.StartsWith("sets.", StringComparison.Ordinal)
            || name.StartsWith("strings.", StringComparison.Ordinal) || name == "ip.isCanonical")
        {
            return new CelOverload(name, false, args, result);
        }

        args.Insert(0, ReadType(name[..dot]));
        return new CelOverload(name[(dot + 1)..], true, args, result);
    }

    private static int Opening(string call)
    {
        var depth = 0;
        for (var index = call.Length - 1; index >= 0; index--)
        {
            depth += call[index] switch { ')' => 1, '(' => -1, _ => 0 };
            if (depth == 0)
            {
                return index;
            }
        }

        throw new ArgumentException($"{call} is no declaration", nameof(call));
    }

    private static IEnumerable<string> Split(string args)
    {
        var depth = 0;
        var start = 0;
        for (var index = 0; index < args.Length; index++)
        {
            depth += args[index] switch { '(' => 1, ')' => -1, _ => 0 };
            if (args[index] == ',' && depth == 0)
            {
                yield return args[start..index];
                start = index + 1;
            }
        }

        if (args.Length > 0)
        {
            yield return args[start..];
        }
    }

    private static CelType ReadType(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
        {
            return Names[text];
        }

        var parameters = Split(text[(open + 1)..^1]).Select(ReadType).ToList();
        return text[..open] switch
        {
            "list" => CelType.ListOf(parameters[0]),
            "map" => CelType.MapOf(parameters[0], parameters[1]),
            "type" => CelType.TypeOf(parameters[0]),
            _ => CelType.OptionalOf(parameters[0]),
        };
    }
}
