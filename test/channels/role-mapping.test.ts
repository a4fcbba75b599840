import { describe, expect, it } from 'vitest';
import { mapRoles } from '../../src/channels/role-mapping.ts';

const CTX = 'http://purl.imsglobal.org/vocab/lis/v2/membership';
const INSTITUTION = 'http://purl.imsglobal.org/vocab/lis/v2/institution/person';
const SYSTEM = 'http://purl.imsglobal.org/vocab/lis/v2/system/person';
const TA = `${CTX}/Instructor#TeachingAssistant`;

describe('mapRoles', () => {
  it.each([
    ['an instructor', [`${CTX}#Instructor`], 'manager'],
    ['a bare instructor (Moodle rosters)', ['Instructor'], 'manager'],
    ['a learner', [`${CTX}#Learner`], 'member'],
    ['a bare learner in lower case', ['learner'], 'member'],
    ['a course administrator', [`${CTX}#Administrator`], 'manager'],
    ['a support person of the course', [`${CTX}/Administrator#Support`], 'manager'],
    ['a course manager', [`${CTX}#Manager`], 'manager'],
    ['a course coordinator', [`${CTX}/Manager#CourseCoordinator`], 'manager'],
    ['an observer under Manager', [`${CTX}/Manager#Observer`], 'member'],
    ['a designer', [`${CTX}#ContentDeveloper`], 'contributor'],
    ['a librarian', [`${CTX}/ContentDeveloper#Librarian`], 'contributor'],
    ['an officer', [`${CTX}#Officer`], 'contributor'],
    ['a mentor', [`${CTX}#Mentor`], 'member'],
    ['a plain member', [`${CTX}#Member`], 'member'],
    ['a Canvas teaching assistant, who is Instructor too', [TA, `${CTX}#Instructor`], 'moderator'],
    ['a teaching assistant alone', [TA], 'moderator'],
    ['a section assistant', [`${CTX}/Instructor#TeachingAssistantSection`], 'moderator'],
    ['a grader with Instructor', [`${CTX}/Instructor#Grader`, `${CTX}#Instructor`], 'moderator'],
    [
      'an assistant who is primary instructor elsewhere in the course',
      [TA, `${CTX}/Instructor#PrimaryInstructor`],
      'manager',
    ],
    ['an old lower-case principal', [`${CTX}/instructor#TeachingAssistant`], 'moderator'],
    ['https instead of http', [`${CTX.replace('http:', 'https:')}#Instructor`], 'manager'],
    ['an unknown sub-role, by its principal', [`${CTX}/Instructor#Wizard`], 'manager'],
    ['a learner sub-role called Instructor', [`${CTX}/Learner#Instructor`], 'member'],
    ['the highest of several', [`${CTX}#Learner`, `${CTX}#ContentDeveloper`], 'contributor'],
    ['a student who teaches elsewhere', [`${CTX}#Learner`, `${INSTITUTION}#Instructor`], 'member'],
    ['institution roles alone', [`${INSTITUTION}#Instructor`, `${INSTITUTION}#Faculty`], null],
    ['no roles', [], null],
    ['nonsense', ['', '#', 'Instructor#', `${CTX}#`, 'urn:x', `${CTX}/#Instructor`, '__proto__'], null],
    ["Moodle's invented administrator URI", ['http://purl.imsglobal.org/vocab/lis/v2/person#Administrator'], null],
  ])('gives %s its level', (_who, roles, level) => {
    expect(mapRoles(roles).level).toBe(level);
  });

  it('lets nobody rise through a group they lead', () => {
    const group = { contextTypes: ['http://purl.imsglobal.org/vocab/lis/v2/course#Group'] };
    expect(mapRoles([`${CTX}#Member`, `${CTX}#Manager`], group).level).toBe('member');
    expect(mapRoles([`${CTX}#Manager`], { contextTypes: ['CourseSection'] }).level).toBe('manager');
  });

  it("puts a platform's own table over the default one, whole URIs compared", () => {
    const roleLevels = { [TA]: 'manager', Learner: 'contributor', [`${INSTITUTION}#Student`]: 'member' } as const;
    expect(mapRoles([TA, `${CTX}#Instructor`], { roleLevels }).level).toBe('manager');
    expect(mapRoles(['Learner'], { roleLevels }).level).toBe('contributor');
    expect(mapRoles([`${CTX}#Learner`], { roleLevels }).level).toBe('member');
    expect(mapRoles([`${INSTITUTION}#Student`], { roleLevels }).level).toBe('member');
  });

  it("takes Canvas's word that an assistant teaches the course too, but widens nothing else by it", () => {
    expect(mapRoles([TA, `${CTX}#Instructor`], { teachesToo: true }).level).toBe('manager');
    expect(mapRoles([TA], { teachesToo: true }).level).toBe('moderator');
    expect(mapRoles([`${CTX}#Learner`], { teachesToo: true }).level).toBe('member');
  });

  it('knows administrators of the platform and the test student', () => {
    expect(mapRoles([`${SYSTEM}#SysAdmin`])).toEqual({ level: null, isTest: false, isPlatformAdmin: true });
    expect(mapRoles([`${INSTITUTION}#Administrator`]).isPlatformAdmin).toBe(true);
    expect(mapRoles([`${SYSTEM}#User`]).isPlatformAdmin).toBe(false);
    const testStudent = [`${CTX}#Learner`, 'http://purl.imsglobal.org/vocab/lti/system/person#TestUser'];
    expect(mapRoles(testStudent)).toEqual({ level: 'member', isTest: true, isPlatformAdmin: false });
  });
});
