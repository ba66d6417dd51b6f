import SSZ

/// Why an answer of the Obol API is of no use. Whoever runs the service, or an operator, may have written it.
package struct AnswerFault: Error, Equatable, CustomStringConvertible {
    /// The validator that was asked about.
    package let validator: Bytes48?
    package let reason: String

    init(_ validator: Bytes48?, _ reason: String) {
        self.validator = validator
        self.reason = reason
    }

    package var description: String {
        "the Obol API's answer" + (validator.map { " for validator \($0)" } ?? "") + ": \(reason)"
    }
}

/// Answers as JSON, within bounds.
enum AnswerJSON {
    /// Objects in arrays in objects: what the service sends is flat.
    private static let depthMax = 8

    static func parse(_ bytes: [UInt8], about validator: Bytes48?) throws(AnswerFault) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(
                parsing: bytes, limits: JSONLimits(bytesMax: bytes.count, depthMax: depthMax, valuesMax: 1_000_000))
        } catch {
            throw AnswerFault(validator, "\(error)")
        }
    }

    /// Reads; what does not fit is this validator's fault.
    static func read<Value>(
        about validator: Bytes48?, _ read: () throws(SSZError) -> Value
    ) throws(AnswerFault) -> Value {
        do throws(SSZError) {
            return try read()
        } catch {
            throw AnswerFault(validator, "\(error)")
        }
    }

    /// Nil for an empty text, `0x` and `null`, by which the service says that somebody has not signed yet.
    static func signature(_ json: JSONValue) throws(SSZError) -> Bytes96? {
        if json.isNull || json.string == "" || json.string == "0x" { return nil }
        return try Bytes96(json: json)
    }
}
