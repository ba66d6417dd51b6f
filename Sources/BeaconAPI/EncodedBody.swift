/// A body as it goes over the wire, and how it is written.
package struct EncodedBody: Hashable, Sendable {
    package enum Encoding: Hashable, Sendable {
        case ssz
        case json

        package var mediaType: String {
            switch self {
            case .ssz: MediaType.ssz
            case .json: MediaType.json
            }
        }

        /// What a `Content-Type` says; JSON for anything but SSZ, as answers without the field are.
        package init(contentType: String?) {
            let type = contentType?.split(separator: ";").first.map { $0.trimmingSpaces().lowercased() }
            self = type == MediaType.ssz ? .ssz : .json
        }
    }

    package let encoding: Encoding
    package let bytes: [UInt8]

    package init(_ encoding: Encoding, _ bytes: [UInt8]) {
        self.encoding = encoding
        self.bytes = bytes
    }
}
