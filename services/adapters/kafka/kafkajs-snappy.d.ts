/** kafkajs-snappy ships no types. */
declare module 'kafkajs-snappy' {
  const codec: () => {
    compress: (encoder: { readonly buffer: Buffer }) => Promise<Buffer>;
    decompress: (buffer: Buffer) => Promise<Buffer>;
  };
  export default codec;
}
