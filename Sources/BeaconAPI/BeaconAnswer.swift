import Ethereum
import SSZ

/// Reads the bodies of successful answers.
package enum BeaconAnswer {
    /// Parses a body within the endpoint's bounds.
    package static func parse(_ body: some Collection<UInt8>, bytesMax: Int) throws(JSONError) -> JSONValue {
        let limits = JSONLimits(bytesMax: bytesMax, depthMax: 16, valuesMax: 4_000_000)
        return try JSONValue(parsing: body, limits: limits)
    }

    /// `{"data":{"version":"…"}}`: what the node calls itself.
    package static func nodeVersion(_ json: JSONValue) throws(SSZError) -> String {
        try json.member("data") { json throws(SSZError) in
            guard let version = try json.member("version").string else {
                throw SSZError(.json(expected: "string")).inside("version")
            }
            return version
        }
    }

    /// `{"data":[…]}` of `states/{state_id}/validators`.
    package static func validators(_ json: JSONValue) throws(SSZError) -> [BeaconValidator] {
        try json.member("data") { json throws(SSZError) in
            try json.elements(limit: BeaconEndpoint.validatorsMax) { json throws(SSZError) in
                try BeaconValidator(json: json)
            }
        }
    }

    /// `{"data":[{"index":"1","is_live":true}]}` of `validator/liveness/{epoch}`: those that were seen.
    package static func live(_ json: JSONValue) throws(SSZError) -> [ValidatorIndex] {
        try json.member("data") { json throws(SSZError) in
            try json.elements(limit: BeaconEndpoint.validatorsMax) { json throws(SSZError) -> ValidatorIndex? in
                guard let isLive = try json.member("is_live").bool else {
                    throw SSZError(.json(expected: "true or false")).inside("is_live")
                }
                let index: ValidatorIndex = try json.field("index")
                return isLive ? index : nil
            }.compactMap { $0 }
        }
    }

    /// `{"data":…}` of one container.
    package static func container<Value: SSZCodable>(
        _: Value.Type, _ json: JSONValue
    ) throws(SSZError) -> Value {
        try json.field("data")
    }
}
