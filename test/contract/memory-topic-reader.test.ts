import { makeMemoryTopicReader } from '../../services/adapters/memory/topic-reader.ts';
import { topicReaderContract } from './topic-reader.ts';

topicReaderContract('topic reader in memory', async () => {
  const committed = [0, 1, 4, 5, 9];
  const records = committed.map((offset) => ({
    offset,
    timestamp: offset * 1000,
    key: Buffer.from(`k${offset}`),
    value: Buffer.from(`r${offset}`),
    headers: {},
  }));
  const reader = makeMemoryTopicReader({ 'raw.read': [{ records, end: 12 }, { records: [] }] });
  return { reader, topic: 'raw.read', committed, end: 12 };
});
