import SSZ

/// All of the input is one JSON text.
enum JSONFuzz {
    private static let limits = JSONLimits(bytesMax: 1 << 15, depthMax: 24, valuesMax: 2000)

    static func parser(_ bytes: [UInt8]) -> String {
        outcome {
            let value = try JSONValue(parsing: bytes, limits: limits)
            let text = value.text()
            guard let again = try? JSONValue(parsing: text),
                let indented = try? JSONValue(parsing: value.text(indent: " "))
            else { preconditionFailure("our own JSON does not parse: \(text)") }
            precondition(again == value && indented == value && again.text() == text, "JSON changed: \(text)")
            precondition(count(value) <= limits.valuesMax)
            return "ok\(depth(value))"
        }
    }

    private static func count(_ value: JSONValue) -> Int {
        switch value {
        case .array(let items): items.reduce(1) { $0 + count($1) }
        case .object(let object): object.members.reduce(1) { $0 + count($1.value) }
        default: 1
        }
    }

    private static func depth(_ value: JSONValue) -> Int {
        switch value {
        case .array(let items): 1 + (items.map(depth).max() ?? 0)
        case .object(let object): 1 + (object.members.map { depth($0.value) }.max() ?? 0)
        default: 0
        }
    }
}
