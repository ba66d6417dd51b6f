import DutyWorkflow
import Foundation
import SwiftProtobuf

/// The message inside a value's `Any`: which one the duty tells, and the type URL must agree. Source: consensus.md §2.
enum WireValue {
    case duties(WireUnsignedDataSet)
    case priorities(WirePriorityResult)

    init(_ any: Google_Protobuf_Any, of type: DutyType) throws(MessageFault) {
        let isPriorities = type == .infoSync
        guard isPriorities ? any.isA(WirePriorityResult.self) : any.isA(WireUnsignedDataSet.self) else {
            throw .value(.malformed("value of another type"))
        }
        self =
            isPriorities
            ? .priorities(try WirePriorityResult(wire: any.value, "PriorityResult"))
            : .duties(try WireUnsignedDataSet(wire: any.value, "UnsignedDataSet"))
    }

    /// Never hash the received bytes: the order of maps in them is random.
    func canonicalBytes() -> [UInt8] {
        switch self {
        case .duties(let set): set.canonicalBytes()
        case .priorities(let result): result.canonicalBytes()
        }
    }

    static func any(_ value: ConsensusValue) -> Google_Protobuf_Any {
        let name =
            switch value {
            case .duties: WireUnsignedDataSet.protoMessageName
            case .priorities: WirePriorityResult.protoMessageName
            }
        var any = Google_Protobuf_Any()
        any.typeURL = "type.googleapis.com/" + name
        any.value = Data(value.canonicalBytes())
        return any
    }
}
