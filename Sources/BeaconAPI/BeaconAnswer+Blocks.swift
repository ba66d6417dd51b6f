import Ethereum
import SSZ

extension BeaconAnswer {
    /// A produced block, from header fields where they are there, else from the members of a JSON answer.
    package static func producedBlock(_ body: EncodedBody, _ headers: HeaderFields) throws -> ProducedBlock {
        var members: JSONValue?
        func json() throws(JSONError) -> JSONValue {
            if let members { return members }
            let parsed = try parse(body.bytes, bytesMax: body.bytes.count)
            members = parsed
            return parsed
        }
        let fork: ForkName
        if let name = headers[HeaderName.consensusVersion] {
            guard let known = ForkName(name: name) else { throw SSZError(.json(expected: "name of a fork we know")) }
            fork = known
        } else {
            fork = try Self.fork(json())
        }
        let isBlinded: Bool
        if let text = headers[HeaderName.executionPayloadBlinded]?.lowercased() {
            guard text == "true" || text == "false" else { throw SSZError(.json(expected: "true or false")) }
            isBlinded = text == "true"
        } else {
            isBlinded = try json().field("execution_payload_blinded")
        }
        return ProducedBlock(fork: fork, isBlinded: isBlinded, body: body)
    }

    /// `{"data":{"root":…}}`.
    package static func blockRoot(_ json: JSONValue) throws(SSZError) -> Root {
        try json.member("data") { json throws(SSZError) in try json.field("root") }
    }
}
