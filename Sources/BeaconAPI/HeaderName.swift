/// Header names of the beacon API.
package enum HeaderName {
    /// The fork of the body, lower case: `phase0` … `fulu`.
    package static let consensusVersion = "Eth-Consensus-Version"
    /// `true` or `false`: whether a produced block is blinded.
    package static let executionPayloadBlinded = "Eth-Execution-Payload-Blinded"
    /// What a produced block pays, in Wei.
    package static let executionPayloadValue = "Eth-Execution-Payload-Value"
    /// What a produced block earns its proposer beside that, in Wei.
    package static let consensusBlockValue = "Eth-Consensus-Block-Value"
    package static let contentType = "Content-Type"
    package static let contentLength = "Content-Length"
    package static let accept = "Accept"
    package static let authorization = "Authorization"
    package static let userAgent = "User-Agent"
    package static let lastEventID = "Last-Event-ID"
}
