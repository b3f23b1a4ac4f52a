import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, cached } from './cache.ts';
import { type Log, StackError } from './error.ts';
import { withLock } from './lock.ts';
import { run } from './run-command.ts';
import type { RunDir } from './run-dir.ts';

export const KAFKA_VERSION = '4.3.0';
export const APICURIO_VERSION = '3.0.9';

/** The runner jar inside Apicurio's distribution. */
export const APICURIO_RUNNER = `apicurio-registry-app-${APICURIO_VERSION}-runner.jar`;

const PROGRESS_MS = 3000;
const MAVEN_OPTIONS = ['--batch-mode', '-Dstyle.color=never'];

const KAFKA_POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>lethe</groupId>
  <artifactId>local-kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <!-- Without a logger bound, a broker that cannot start says nothing. -->
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

/** Bytes named by Maven's line `Downloaded from central: … (5.8 MB at 3.1 MB/s)`, 0 for any other line. */
export const downloadedBytes = (line: string): number => {
  const match = /^(?:\[INFO\] )?Downloaded from .*\(([\d.]+) (B|kB|MB|GB) at /.exec(line.trim());
  if (!match) return 0;
  const unit = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[match[2] as 'B' | 'kB' | 'MB' | 'GB'];
  return Math.round(Number(match[1]) * unit);
};

const download = async (runDir: RunDir, what: string, args: readonly string[], log: Log): Promise<void> => {
  const began = Date.now();
  const seconds = (): string => `${Math.round((Date.now() - began) / 1000)} s`;
  let files = 0;
  let bytes = 0;
  const say = (): void => log(`${what}: downloading, ${files} files, ${(bytes / 1e6).toFixed(1)} MB, ${seconds()}`);
  const timer = setInterval(say, PROGRESS_MS);
  try {
    await run(runDir, `download-${what.split(' ')[0]}`, 'mvn', [...MAVEN_OPTIONS, ...args], {
      onLine: (line) => {
        const size = downloadedBytes(line);
        if (size > 0) files += 1;
        bytes += size;
      },
    });
  } catch (error) {
    throw new StackError(
      `${what} could not be downloaded. Check that Maven reaches its repository (or set a mirror in ~/.m2/settings.xml), ` +
        `or give the endpoint of a running one instead.\n${error instanceof Error ? error.message : ''}`,
      { cause: error },
    );
  } finally {
    clearInterval(timer);
  }
  log(`${what}: downloaded in ${seconds()}`);
};

/** One Maven at a time: its local repository is not made for two. */
const maven = (runDir: RunDir, what: string, args: readonly string[], log: Log): Promise<void> => {
  const onWait = (owner: number): void => log(`${what}: another run (pid ${owner}) downloads; waiting`);
  return withLock(join(cacheDir(), 'lock-maven'), onWait, () => download(runDir, what, args, log));
};

/** The directory whose `libs` holds Kafka's broker, tools and what they need. */
export const kafkaHome = (runDir: RunDir, log: Log): Promise<string> =>
  cached(`kafka-${KAFKA_VERSION}`, log, async (directory) => {
    log(`Kafka ${KAFKA_VERSION}: first time here, about 54 MB to download by Maven`);
    // In the run directory, so that Maven's command line names it and a reaper knows the download for ours.
    const project = join(runDir.path, 'kafka-download');
    mkdirSync(project);
    writeFileSync(join(project, 'pom.xml'), KAFKA_POM);
    const libs = join(directory, 'libs');
    await maven(
      runDir,
      `Kafka ${KAFKA_VERSION}`,
      [
        '-f',
        join(project, 'pom.xml'),
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${libs}`,
      ],
      log,
    );
    const jars = readdirSync(libs);
    for (const name of [`kafka_2.13-${KAFKA_VERSION}.jar`, `kafka-tools-${KAFKA_VERSION}.jar`]) {
      if (!jars.includes(name)) throw new StackError(`Kafka ${KAFKA_VERSION}: Maven left no ${name}`);
    }
  });

/** The directory that holds Apicurio's runner jar and its `lib`. */
export const apicurioHome = (runDir: RunDir, log: Log): Promise<string> =>
  cached(`apicurio-${APICURIO_VERSION}`, log, async (directory) => {
    log(`Apicurio registry ${APICURIO_VERSION}: first time here, about 109 MB to download by Maven`);
    const download = join(runDir.path, 'apicurio-download');
    await maven(
      runDir,
      `Apicurio ${APICURIO_VERSION}`,
      [
        'dependency:copy',
        `-Dartifact=io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`,
        `-DoutputDirectory=${download}`,
      ],
      log,
    );
    const archive = join(download, `apicurio-registry-app-${APICURIO_VERSION}-all.tar.gz`);
    await run(runDir, 'unpack-apicurio', 'tar', ['-xzf', archive, '-C', directory]);
    if (!readdirSync(directory).includes(APICURIO_RUNNER)) {
      throw new StackError(`Apicurio ${APICURIO_VERSION}: the archive holds no ${APICURIO_RUNNER}`);
    }
  });
