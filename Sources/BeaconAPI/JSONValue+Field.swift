import SSZ

extension JSONValue {
    /// The member of an object as the type that the context asks for; errors gain the member's name.
    package func field<Value: SSZCodable>(_ name: String, as _: Value.Type = Value.self) throws(SSZError) -> Value {
        try member(name) { json throws(SSZError) in try Value(json: json) }
    }

    /// Like `field`, but the member may be absent or null.
    package func optionalField<Value: SSZCodable>(
        _ name: String, as _: Value.Type = Value.self
    ) throws(SSZError) -> Value? {
        guard let json = self[name], !json.isNull else { return nil }
        return try field(name)
    }
}
