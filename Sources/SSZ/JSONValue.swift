/// A JSON value (RFC 8259) with the members of objects in order and numbers as they were written.
///
/// Equality is that of the text: member order counts, and `1.0` differs from `1`.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The digits as written, so that no value is rounded.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// Reading without ceremony: nil means "of another kind" or "not there".
extension JSONValue {
    /// The member of an object.
    package subscript(name: String) -> JSONValue? { object?[name] }

    package var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    package var array: [JSONValue]? {
        guard case .array(let array) = self else { return nil }
        return array
    }

    package var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    package var bool: Bool? {
        guard case .bool(let bool) = self else { return nil }
        return bool
    }

    /// A whole number in range, written as a JSON number without sign, fraction and exponent.
    package var integer: UInt64? {
        guard case .number(let text) = self else { return nil }
        return UInt64(decimal: text)
    }

    /// A whole number in range, written as a JSON number or as decimal text (the beacon API's way).
    package var uint64: UInt64? {
        guard case .string(let text) = self else { return integer }
        return UInt64(decimal: text)
    }

    package var isNull: Bool { self == .null }
}

/// Reading where absence is an error that names the place.
extension JSONValue {
    /// The member of an object.
    package func member(_ name: String) throws(SSZError) -> JSONValue {
        guard case .object(let object) = self else { throw SSZError(.json(expected: "object")) }
        guard let member = object[name] else { throw SSZError(.missing).inside(name) }
        return member
    }

    /// The member of an object, read by `read`; errors gain the member's name.
    package func member<Value>(
        _ name: String, _ read: (JSONValue) throws(SSZError) -> Value
    ) throws(SSZError) -> Value {
        let member = try member(name)
        do throws(SSZError) {
            return try read(member)
        } catch {
            throw error.inside(name)
        }
    }

    /// The elements of an array, each read by `read`; errors gain the position.
    package func elements<Value>(
        limit: Int, _ read: (JSONValue) throws(SSZError) -> Value
    ) throws(SSZError) -> [Value] {
        guard case .array(let items) = self else { throw SSZError(.json(expected: "array")) }
        guard items.count <= limit else { throw SSZError(.limit(limit)) }
        var values: [Value] = []
        values.reserveCapacity(items.count)
        for (i, item) in items.enumerated() {
            do throws(SSZError) {
                values.append(try read(item))
            } catch {
                throw error.inside("[\(i)]")
            }
        }
        return values
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }

    /// A JSON number.
    package init(_ integer: some BinaryInteger) { self = .number(String(integer)) }
}
