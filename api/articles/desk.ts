import type { Job, JobChanged, JobFilter, JobState } from '../../registry/article-jobs.ts';
import type { Article, ArticleFilter, WholeArticle } from '../../registry/articles.ts';

/** Where articles are kept. */
export interface ArticleDesk {
  /** The newest first. */
  list(filter: ArticleFilter): Promise<readonly Article[]>;
  find(id: number): Promise<WholeArticle | undefined>;
}

/** The queue of pages that are to be read. */
export interface JobDesk {
  list(filter: JobFilter): Promise<readonly Job[]>;
  find(id: number): Promise<Job | undefined>;
  counts(): Promise<Readonly<Record<JobState, number>>>;
  retry(id: number): Promise<JobChanged | undefined>;
  cancel(id: number): Promise<JobChanged | undefined>;
}
