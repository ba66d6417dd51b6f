/// Shows a container as a JSON object, members in field order.
struct JSONWriteVisitor: FieldVisitor {
    let preset: Preset
    private(set) var object = JSONObject()

    init(preset: Preset) {
        self.preset = preset
    }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        object.append(name, value.json(preset: preset))
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        object.append(name, codec.json(value, preset))
    }
}

/// Reads a container from a JSON object. Every field must be there; other members are ignored.
struct JSONReadVisitor: FieldVisitor {
    let preset: Preset
    private let object: JSONObject

    init(_ object: JSONObject, preset: Preset) {
        self.object = object
        self.preset = preset
    }

    mutating func visit<Value: SSZCodable>(_ name: String, _ value: inout Value) throws(SSZError) {
        do throws(SSZError) {
            value = try Value(json: member(name), preset: preset)
        } catch {
            throw error.inside(name)
        }
    }

    mutating func visit<Codec: FieldCodec>(
        _ name: String, _ value: inout Codec.Value, as codec: Codec
    ) throws(SSZError) {
        do throws(SSZError) {
            value = try codec.value(member(name), preset)
        } catch {
            throw error.inside(name)
        }
    }

    private func member(_ name: String) throws(SSZError) -> JSONValue {
        guard let member = object[name] else { throw SSZError(.missing) }
        return member
    }
}
